metadata description = 'A virtual network that the app goes out through, and private names of what it reaches.'

param name string
param location string
param tags object

var zones = [
  'privatelink.blob.${environment().suffixes.storage}'
  'privatelink.queue.${environment().suffixes.storage}'
  'privatelink.vaultcore.azure.net'
  'privatelink.cognitiveservices.azure.com'
]

module network 'br/public:avm/res/network/virtual-network:0.7.2' = {
  name: 'virtual-network'
  params: {
    name: name
    location: location
    tags: tags
    addressPrefixes: [
      '10.0.0.0/22'
    ]
    subnets: [
      {
        // Flex Consumption wants a subnet of its own, without an underscore in its name.
        name: 'app'
        addressPrefix: '10.0.0.0/24'
        delegation: 'Microsoft.App/environments'
      }
      {
        name: 'endpoints'
        addressPrefix: '10.0.1.0/24'
      }
    ]
  }
}

module dns 'br/public:avm/res/network/private-dns-zone:0.8.0' = [
  for (zone, index) in zones: {
    name: 'dns-${index}'
    params: {
      name: zone
      location: 'global'
      tags: tags
      virtualNetworkLinks: [
        {
          virtualNetworkResourceId: network.outputs.resourceId
        }
      ]
    }
  }
]

output appSubnetId string = network.outputs.subnetResourceIds[0]
output endpointSubnetId string = network.outputs.subnetResourceIds[1]
output blobZoneId string = dns[0].outputs.resourceId
output queueZoneId string = dns[1].outputs.resourceId
output vaultZoneId string = dns[2].outputs.resourceId
output visionZoneId string = dns[3].outputs.resourceId
