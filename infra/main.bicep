targetScope = 'subscription'

metadata description = 'captioner on Azure Functions (Flex Consumption): see docs/deploy.md.'

@minLength(1)
@maxLength(32)
@description('Name of the environment; the resource group is called after it.')
param environmentName string

@minLength(1)
@description('Region of everything.')
@metadata({
  azd: {
    type: 'location'
  }
})
param location string

@description('Object id of the person or group that may drop images, read captions and publish models; nobody where empty.')
param principalId string = ''

@allowed([
  'User'
  'Group'
  'ServicePrincipal'
])
@description('What principalId is.')
param principalType string = 'User'

@allowed([
  2048
  4096
])
@description('Memory of one instance, in MB.')
param instanceMemoryMB int = 2048

@minValue(1)
@maxValue(1000)
@description('The most instances that run at once.')
param maximumInstances int = 40

@minValue(1)
@maxValue(32)
@description('HTTP requests that one instance is given at once; more start another.')
param httpConcurrency int = 8

@minValue(1)
@maxValue(32)
@description('Functions that run at once in one instance.')
param functionThreads int = 4

@allowed([
  'Standard_LRS'
  'Standard_ZRS'
  'Standard_GRS'
  'Standard_GZRS'
])
@description('Redundancy of the storage account.')
param storageRedundancy string = 'Standard_ZRS'

@minValue(1)
@maxValue(365)
@description('Days for which deleted and overwritten blobs can be brought back.')
param softDeleteDays int = 30

@minValue(1)
@description('Days after which a thumbnail is deleted; it is made anew when somebody looks.')
param thumbnailDays int = 90

@description('Whether Azure AI Vision captions too.')
param visionEnabled bool = true

@description('Where the model bundle is taken from; the bundle deployed with the app where empty.')
param modelUri string = ''

@description('Whether storage, Key Vault and Vision are reached through private endpoints only.')
param vnetEnabled bool = false

@description('Client id of the app registration that people sign in with; nobody is asked to sign in where empty.')
param authClientId string = ''

@description('Tenant whose people may sign in.')
param authTenantId string = subscription().tenantId

@minValue(0)
@description('Sum a month, in the currency of the bill, above which budgetEmails are written to; no budget where 0.')
param budgetAmount int = 0

@description('Addresses of the budget alert, with commas between them.')
param budgetEmails string = ''

@description('First day of the budget, which Azure lets nobody change later; the first of this month where empty.')
param budgetStart string = ''

@description('The first of this month: not to be set, but only here can the day be asked for.')
param firstOfMonth string = utcNow('yyyy-MM-01')

@description('Further app settings; those that this deployment sets itself prevail.')
param appSettings object = {}

var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = {
  'azd-env-name': environmentName
}
// The names that the app knows its containers by are set from these.
var containers = {
  images: 'images'
  captions: 'captions'
  jobs: 'jobs'
  thumbnails: 'thumbnails'
  models: 'models'
  packages: 'packages'
  deadLetters: 'dead-letters'
}
var authEnabled = !empty(authClientId)
var budgetDay = empty(budgetStart) ? firstOfMonth : budgetStart

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

// Whom the app is to storage, Key Vault, Application Insights and, where people sign in, to Entra.
module identity 'br/public:avm/res/managed-identity/user-assigned-identity:0.5.0' = {
  name: 'app-identity'
  scope: group
  params: {
    name: 'id-app-${token}'
    location: location
    tags: tags
  }
}

// Whom Event Grid is when it keeps an event that it could not deliver.
module eventsIdentity 'br/public:avm/res/managed-identity/user-assigned-identity:0.5.0' = {
  name: 'events-identity'
  scope: group
  params: {
    name: 'id-events-${token}'
    location: location
    tags: tags
  }
}

module network 'app/network.bicep' = if (vnetEnabled) {
  name: 'network'
  scope: group
  params: {
    name: 'vnet-${token}'
    location: location
    tags: tags
  }
}

module storage 'app/storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    name: 'st${token}'
    location: location
    tags: tags
    redundancy: storageRedundancy
    containers: containers
    softDeleteDays: softDeleteDays
    thumbnailDays: thumbnailDays
    appPrincipalId: identity.outputs.principalId
    eventsPrincipalId: eventsIdentity.outputs.principalId
    principalId: principalId
    principalType: principalType
    vnetEnabled: vnetEnabled
    endpointSubnetId: vnetEnabled ? network!.outputs.endpointSubnetId : ''
    blobZoneId: vnetEnabled ? network!.outputs.blobZoneId : ''
    queueZoneId: vnetEnabled ? network!.outputs.queueZoneId : ''
  }
}

module telemetry 'app/telemetry.bicep' = {
  name: 'telemetry'
  scope: group
  params: {
    workspaceName: 'log-${token}'
    insightsName: 'appi-${token}'
    location: location
    tags: tags
    appPrincipalId: identity.outputs.principalId
  }
}

module vision 'app/vision.bicep' = if (visionEnabled) {
  name: 'vision'
  scope: group
  params: {
    name: 'cv-${token}'
    vaultName: 'kv-${token}'
    location: location
    tags: tags
    appPrincipalId: identity.outputs.principalId
    vnetEnabled: vnetEnabled
    endpointSubnetId: vnetEnabled ? network!.outputs.endpointSubnetId : ''
    visionZoneId: vnetEnabled ? network!.outputs.visionZoneId : ''
    vaultZoneId: vnetEnabled ? network!.outputs.vaultZoneId : ''
  }
}

var visionSettings = visionEnabled ? {
  VISION_ENDPOINT: vision!.outputs.endpoint
  VISION_KEY: '@Microsoft.KeyVault(SecretUri=${vision!.outputs.keySecretUri})'
} : {}
var modelSettings = empty(modelUri) ? {} : { MODEL_URI: modelUri }
// Behind a private endpoint the account has a private address, which images may be fetched from then.
// Those that appSettings name may be, too.
var privateHosts = contains(appSettings, 'SOURCE_PRIVATE_HOSTS') ? '${storage.outputs.blobHost},${appSettings.SOURCE_PRIVATE_HOSTS}' : storage.outputs.blobHost
var networkSettings = vnetEnabled ? { SOURCE_PRIVATE_HOSTS: privateHosts } : {}
// The identity stands in for a client secret: the app registration trusts it.
var authSettings = authEnabled ? {
  OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID: identity.outputs.clientId
  WEBSITE_AUTH_AAD_ALLOWED_TENANTS: authTenantId
} : {}
// Events have two images at work at once (host.json); each may take half of what host and worker
// leave. A further setting may say otherwise.
var sizedSettings = {
  MAX_IMAGE_MEMORY: string((instanceMemoryMB - 768) / 2 * 1048576)
}
var ownSettings = {
  AzureWebJobsStorage__blobServiceUri: storage.outputs.blobEndpoint
  AzureWebJobsStorage__queueServiceUri: storage.outputs.queueEndpoint
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identity.outputs.clientId
  AzureWebJobsDisableHomepage: 'true'
  AZURE_CLIENT_ID: identity.outputs.clientId
  PYTHON_THREADPOOL_THREAD_COUNT: string(functionThreads)
  BLOB_TRIGGER_SOURCE: 'event-grid'
  IMAGES_CONTAINER: containers.images
  CAPTIONS_CONTAINER: containers.captions
  JOBS_CONTAINER: containers.jobs
  THUMBNAILS_CONTAINER: containers.thumbnails
  APPLICATIONINSIGHTS_CONNECTION_STRING: telemetry.outputs.connectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD;ClientId=${identity.outputs.clientId}'
  PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY: 'true'
}

module app 'app/function.bicep' = {
  name: 'function'
  scope: group
  params: {
    name: 'func-${token}'
    planName: 'plan-${token}'
    location: location
    tags: tags
    identityId: identity.outputs.resourceId
    packagesUri: '${storage.outputs.blobEndpoint}${containers.packages}'
    instanceMemoryMB: instanceMemoryMB
    maximumInstances: maximumInstances
    httpConcurrency: httpConcurrency
    subnetId: vnetEnabled ? network!.outputs.appSubnetId : ''
    authClientId: authClientId
    authTenantId: authTenantId
    appSettings: union(sizedSettings, appSettings, ownSettings, visionSettings, modelSettings, networkSettings, authSettings)
  }
}

// What Event Grid subscriptions on the account hang on. The subscription itself is made once the
// app is deployed (app/subscription.bicep), as Event Grid asks the app first.
module topic 'br/public:avm/res/event-grid/system-topic:0.7.0' = {
  name: 'topic'
  scope: group
  params: {
    name: 'evgt-${token}'
    location: location
    tags: tags
    source: storage.outputs.id
    topicType: 'Microsoft.Storage.StorageAccounts'
    managedIdentities: {
      userAssignedResourceIds: [
        eventsIdentity.outputs.resourceId
      ]
    }
  }
}

module budget 'br/public:avm/res/consumption/budget/rg-scope:0.1.0' = if (budgetAmount > 0) {
  name: 'budget'
  scope: group
  params: {
    name: 'budget-${token}'
    amount: budgetAmount
    startDate: '${budgetDay}T00:00:00Z'
    contactEmails: split(replace(budgetEmails, ' ', ''), ',')
    thresholds: [
      50
      80
      100
    ]
  }
}

// azd keeps these as variables of the environment, for scripts/eventgrid.* and for people.
output AZURE_RESOURCE_GROUP string = group.name
output AZURE_FUNCTION_APP_NAME string = app.outputs.name
output AZURE_STORAGE_ACCOUNT_NAME string = storage.outputs.name
output EVENT_GRID_TOPIC_NAME string = topic.outputs.name
output EVENT_GRID_IDENTITY_ID string = eventsIdentity.outputs.resourceId
output IMAGES_CONTAINER string = containers.images
output DEAD_LETTERS_CONTAINER string = containers.deadLetters
output CAPTIONER_URL string = 'https://${app.outputs.host}'
output APP_IDENTITY_PRINCIPAL_ID string = identity.outputs.principalId
// Comes back as a parameter, so that the budget keeps its first day.
output BUDGET_START string = budgetAmount > 0 ? budgetDay : ''
// With these two, `captioner` in a terminal reaches the account as whoever has signed in.
output AzureWebJobsStorage__blobServiceUri string = storage.outputs.blobEndpoint
output AzureWebJobsStorage__queueServiceUri string = storage.outputs.queueEndpoint
