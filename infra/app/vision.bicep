metadata description = 'Azure AI Vision, and the Key Vault that holds its key.'

param name string
param vaultName string
param location string
param tags object
param appPrincipalId string
param vnetEnabled bool
param endpointSubnetId string
param visionZoneId string
param vaultZoneId string

var keySecretName = 'vision-key'
var roles = {
  'Key Vault Secrets User': '4633458b-17de-408a-b874-0445c86b69e6'
}

module vault 'br/public:avm/res/key-vault/vault:0.13.3' = {
  name: 'vault'
  params: {
    name: vaultName
    location: location
    tags: tags
    sku: 'standard'
    enableRbacAuthorization: true
    enableVaultForDeployment: false
    enableVaultForDiskEncryption: false
    enableVaultForTemplateDeployment: false
    // It holds one key, which Vision gives again at any time. Protected against purging, it would
    // keep its name for months after `azd down`, and the next `azd up` would fail.
    enablePurgeProtection: false
    softDeleteRetentionInDays: 7
    publicNetworkAccess: vnetEnabled ? 'Disabled' : 'Enabled'
    networkAcls: {
      defaultAction: vnetEnabled ? 'Deny' : 'Allow'
      bypass: 'AzureServices'
    }
    privateEndpoints: vnetEnabled ? [
      {
        subnetResourceId: endpointSubnetId
        privateDnsZoneGroup: {
          privateDnsZoneGroupConfigs: [
            {
              privateDnsZoneResourceId: vaultZoneId
            }
          ]
        }
      }
    ] : []
    roleAssignments: [
      {
        principalId: appPrincipalId
        principalType: 'ServicePrincipal'
        roleDefinitionIdOrName: roles['Key Vault Secrets User']
      }
    ]
  }
}

module vision 'br/public:avm/res/cognitive-services/account:0.14.2' = {
  name: 'computer-vision'
  params: {
    name: name
    location: location
    tags: tags
    kind: 'ComputerVision'
    sku: 'S1'
    customSubDomainName: name
    // Its SDK knows keys only. The key goes from here to the vault and is shown to nobody.
    disableLocalAuth: false
    secretsExportConfiguration: {
      keyVaultResourceId: vault.outputs.resourceId
      accessKey1Name: keySecretName
    }
    publicNetworkAccess: vnetEnabled ? 'Disabled' : 'Enabled'
    networkAcls: {
      defaultAction: vnetEnabled ? 'Deny' : 'Allow'
    }
    privateEndpoints: vnetEnabled ? [
      {
        subnetResourceId: endpointSubnetId
        privateDnsZoneGroup: {
          privateDnsZoneGroupConfigs: [
            {
              privateDnsZoneResourceId: visionZoneId
            }
          ]
        }
      }
    ] : []
  }
}

output endpoint string = vision.outputs.endpoint
// Where the key lies, without a version: a new key is taken up within a day.
output keySecretUri string = '${vault.outputs.uri}secrets/${keySecretName}'
