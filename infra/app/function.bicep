metadata description = 'The Functions app on a Flex Consumption plan.'

param name string
param planName string
param location string
param tags object
param identityId string
param packagesUri string
param instanceMemoryMB int
param maximumInstances int
param httpConcurrency int
param subnetId string
param authClientId string
param authTenantId string
param appSettings object

module plan 'br/public:avm/res/web/serverfarm:0.7.0' = {
  name: 'plan'
  params: {
    name: planName
    location: location
    tags: tags
    kind: 'linux'
    skuName: 'FC1'
    reserved: true
  }
}

var settings = [
  {
    name: 'appsettings'
    // What is set by hand goes with the next deployment: the parameter appSettings is its place.
    retainCurrentAppSettings: false
    properties: appSettings
  }
]
var authentication = empty(authClientId) ? [] : [
  {
    name: 'authsettingsV2'
    properties: {
      platform: {
        enabled: true
      }
      globalValidation: {
        requireAuthentication: true
        unauthenticatedClientAction: 'RedirectToLoginPage'
        redirectToProvider: 'azureactivedirectory'
        // Event Grid has a key instead of a name, and who watches the app's health has neither.
        excludedPaths: [
          '/runtime/webhooks/blobs'
          '/api/health'
        ]
      }
      identityProviders: {
        azureActiveDirectory: {
          enabled: true
          registration: {
            clientId: authClientId
            clientSecretSettingName: 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'
            openIdIssuer: '${environment().authentication.loginEndpoint}${authTenantId}/v2.0'
          }
          validation: {
            allowedAudiences: [
              authClientId
              'api://${authClientId}'
            ]
          }
        }
      }
      login: {
        tokenStore: {
          enabled: false
        }
      }
    }
  }
]

module app 'br/public:avm/res/web/site:0.22.0' = {
  name: 'app'
  params: {
    name: name
    location: location
    // azd finds by its tag what it deploys to.
    tags: union(tags, { 'azd-service-name': 'app' })
    kind: 'functionapp,linux'
    serverFarmResourceId: plan.outputs.resourceId
    httpsOnly: true
    clientAffinityEnabled: false
    publicNetworkAccess: 'Enabled'
    managedIdentities: {
      userAssignedResourceIds: [
        identityId
      ]
    }
    keyVaultAccessIdentityResourceId: identityId
    virtualNetworkSubnetResourceId: empty(subnetId) ? null : subnetId
    siteConfig: {
      alwaysOn: false
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
    }
    basicPublishingCredentialsPolicies: [
      {
        name: 'ftp'
        allow: false
      }
      {
        name: 'scm'
        allow: false
      }
    ]
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packagesUri
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'python'
        version: '3.13'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstances
        triggers: {
          http: {
            perInstanceConcurrency: httpConcurrency
          }
        }
      }
    }
    configs: concat(settings, authentication)
  }
}

output name string = app.outputs.name
output host string = app.outputs.defaultHostname
