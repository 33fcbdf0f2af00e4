metadata description = 'The storage account of images, records, queues and the host; who may do what in it.'

param name string
param location string
param tags object
param redundancy string
param containers object
param softDeleteDays int
param thumbnailDays int
param appPrincipalId string
param eventsPrincipalId string
param principalId string
param principalType string
param vnetEnabled bool
param endpointSubnetId string
param blobZoneId string
param queueZoneId string

var roles = {
  'Storage Blob Data Owner': 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  'Storage Blob Data Contributor': 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  'Storage Blob Data Reader': '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'
  'Storage Queue Data Contributor': '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
}
var asContributor = empty(principalId) ? [] : [
  {
    principalId: principalId
    principalType: principalType
    roleDefinitionIdOrName: roles['Storage Blob Data Contributor']
  }
]
var asReader = empty(principalId) ? [] : [
  {
    principalId: principalId
    principalType: principalType
    roleDefinitionIdOrName: roles['Storage Blob Data Reader']
  }
]

module account 'br/public:avm/res/storage/storage-account:0.32.0' = {
  name: 'storage-account'
  params: {
    name: name
    location: location
    tags: tags
    kind: 'StorageV2'
    skuName: redundancy
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    allowBlobPublicAccess: false
    minimumTlsVersion: 'TLS1_2'
    publicNetworkAccess: vnetEnabled ? 'Disabled' : 'Enabled'
    networkAcls: {
      defaultAction: vnetEnabled ? 'Deny' : 'Allow'
      // Event Grid writes dead letters; it is a service that Azure lets through by its identity.
      bypass: 'AzureServices'
    }
    privateEndpoints: vnetEnabled ? [
      {
        service: 'blob'
        subnetResourceId: endpointSubnetId
        privateDnsZoneGroup: {
          privateDnsZoneGroupConfigs: [
            {
              privateDnsZoneResourceId: blobZoneId
            }
          ]
        }
      }
      {
        service: 'queue'
        subnetResourceId: endpointSubnetId
        privateDnsZoneGroup: {
          privateDnsZoneGroupConfigs: [
            {
              privateDnsZoneResourceId: queueZoneId
            }
          ]
        }
      }
    ] : []
    // The account is the app's alone. The host makes containers of its own in it, hence its scope.
    roleAssignments: [
      {
        principalId: appPrincipalId
        principalType: 'ServicePrincipal'
        roleDefinitionIdOrName: roles['Storage Blob Data Owner']
      }
      {
        principalId: appPrincipalId
        principalType: 'ServicePrincipal'
        roleDefinitionIdOrName: roles['Storage Queue Data Contributor']
      }
    ]
    blobServices: {
      // What people wrote lies in blobs: an overwritten or deleted one can be brought back.
      deleteRetentionPolicyEnabled: true
      deleteRetentionPolicyDays: softDeleteDays
      containerDeleteRetentionPolicyEnabled: true
      containerDeleteRetentionPolicyDays: softDeleteDays
      containers: [
        {
          name: containers.images
          roleAssignments: asContributor
        }
        {
          name: containers.captions
          roleAssignments: asReader
        }
        {
          name: containers.jobs
        }
        {
          name: containers.thumbnails
        }
        {
          name: containers.models
          roleAssignments: asContributor
        }
        {
          name: containers.packages
        }
        {
          name: containers.deadLetters
          roleAssignments: [
            {
              principalId: eventsPrincipalId
              principalType: 'ServicePrincipal'
              roleDefinitionIdOrName: roles['Storage Blob Data Contributor']
            }
          ]
        }
      ]
    }
    queueServices: {
      queues: [
        {
          name: 'captioner-retry'
        }
        {
          name: 'captioner-retry-poison'
        }
        {
          name: 'captioner-jobs'
        }
        {
          name: 'captioner-jobs-poison'
        }
        {
          name: 'captioner-job-lists'
        }
        {
          name: 'captioner-job-lists-poison'
        }
        {
          name: 'webjobs-blobtrigger-poison'
        }
      ]
    }
    managementPolicyRules: [
      {
        name: 'thumbnails'
        enabled: true
        type: 'Lifecycle'
        definition: {
          filters: {
            blobTypes: [
              'blockBlob'
            ]
            prefixMatch: [
              '${containers.thumbnails}/'
            ]
          }
          actions: {
            baseBlob: {
              delete: {
                daysAfterModificationGreaterThan: thumbnailDays
              }
            }
          }
        }
      }
    ]
  }
}

output id string = account.outputs.resourceId
output name string = account.outputs.name
output blobEndpoint string = account.outputs.serviceEndpoints.blob
output queueEndpoint string = account.outputs.serviceEndpoints.queue
output blobHost string = split(account.outputs.serviceEndpoints.blob, '/')[2]
