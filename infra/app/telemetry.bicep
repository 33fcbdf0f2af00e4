metadata description = 'Application Insights and the Log Analytics workspace behind it; identities only, no keys.'

param workspaceName string
param insightsName string
param location string
param tags object
param appPrincipalId string

var roles = {
  'Monitoring Metrics Publisher': '3913510d-42f4-4e42-8a64-420c390055eb'
}

module workspace 'br/public:avm/res/operational-insights/workspace:0.16.1' = {
  name: 'workspace'
  params: {
    name: workspaceName
    location: location
    tags: tags
    dataRetention: 30
    features: {
      disableLocalAuth: true
    }
  }
}

module insights 'br/public:avm/res/insights/component:0.8.0' = {
  name: 'insights'
  params: {
    name: insightsName
    location: location
    tags: tags
    workspaceResourceId: workspace.outputs.resourceId
    applicationType: 'web'
    disableLocalAuth: true
    roleAssignments: [
      {
        principalId: appPrincipalId
        principalType: 'ServicePrincipal'
        roleDefinitionIdOrName: roles['Monitoring Metrics Publisher']
      }
    ]
  }
}

// Says where telemetry goes. The key in it opens nothing, as keys are not accepted.
output connectionString string = insights.outputs.connectionString
