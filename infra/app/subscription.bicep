metadata description = 'Has Event Grid tell the deployed app of new images. Deployed by scripts/eventgrid.*.'

param functionAppName string
param topicName string
param imagesContainer string
param deadLettersContainer string

@description('Resource id of the identity that writes dead letters.')
param identityId string

var functionName = 'image_landed'

resource app 'Microsoft.Web/sites@2024-04-01' existing = {
  name: functionAppName
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicName
}

// No Azure Verified Module: the endpoint has a key in it, which a module's parameters would keep in
// the history of deployments. Here it never leaves Azure Resource Manager.
resource images 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: 'images'
  properties: {
    eventDeliverySchema: 'EventGridSchema'
    destination: {
      endpointType: 'WebHook'
      properties: {
        endpointUrl: 'https://${app.properties.defaultHostName}/runtime/webhooks/blobs?functionName=Host.Functions.${functionName}&code=${listKeys('${app.id}/host/default', '2024-04-01').systemKeys.blobs_extension}'
        maxEventsPerBatch: 1
      }
    }
    filter: {
      includedEventTypes: [
        'Microsoft.Storage.BlobCreated'
      ]
      // With /blobs/ after it, or `images` would let `images-old` through.
      subjectBeginsWith: '/blobServices/default/containers/${imagesContainer}/blobs/'
      advancedFilters: [
        {
          // What completes a blob: an image that arrives in blocks is not told of before its last.
          operatorType: 'StringIn'
          key: 'data.api'
          values: [
            'PutBlob'
            'PutBlockList'
            'CopyBlob'
            'FlushWithClose'
          ]
        }
      ]
    }
    retryPolicy: {
      maxDeliveryAttempts: 30
      eventTimeToLiveInMinutes: 1440
    }
    deadLetterWithResourceIdentity: {
      identity: {
        type: 'UserAssigned'
        userAssignedIdentity: identityId
      }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: {
          resourceId: topic.properties.source
          blobContainerName: deadLettersContainer
        }
      }
    }
  }
}
