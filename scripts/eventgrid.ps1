# Has Event Grid tell the deployed app of new images. `azd up` and `azd deploy` run this once the app
# is deployed; `azd hooks run postdeploy` runs it again, which changes nothing that is right already.
# eventgrid.sh is the same for Linux and macOS.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $false
Set-Location (Join-Path $PSScriptRoot '..')

$tries = if ($env:EVENT_GRID_TRIES) { [int]$env:EVENT_GRID_TRIES } else { 60 }
$pause = if ($env:EVENT_GRID_PAUSE_SECONDS) { [int]$env:EVENT_GRID_PAUSE_SECONDS } else { 10 }
$function = 'image_landed'

function Stop-WithSentence([string]$sentence) {
    [Console]::Error.WriteLine("Event Grid: $sentence")
    exit 1
}

foreach ($name in 'AZURE_SUBSCRIPTION_ID', 'AZURE_RESOURCE_GROUP', 'AZURE_FUNCTION_APP_NAME',
    'EVENT_GRID_TOPIC_NAME', 'EVENT_GRID_IDENTITY_ID', 'IMAGES_CONTAINER', 'DEAD_LETTERS_CONTAINER') {
    if (-not [Environment]::GetEnvironmentVariable($name)) {
        Stop-WithSentence "$name is not set. Run 'azd provision', then: azd hooks run postdeploy"
    }
}
if (-not (Get-Command az -ErrorAction SilentlyContinue)) {
    Stop-WithSentence "the Azure CLI is missing. Install it (https://aka.ms/azure-cli), then: azd hooks run postdeploy"
}
az account show --subscription $env:AZURE_SUBSCRIPTION_ID --output none 2>$null
if ($LASTEXITCODE -ne 0) {
    Stop-WithSentence "the Azure CLI may not use subscription $env:AZURE_SUBSCRIPTION_ID. Run 'az login', then: azd hooks run postdeploy"
}

# Calls az until it says something, or fails with a sentence. The key's length is asked for, never
# the key.
function Wait-For([string]$what, [string[]]$arguments) {
    $attempt = 1
    while (-not (az @arguments --output tsv 2>$null)) {
        if ($attempt -ge $tries) {
            Stop-WithSentence "the app has no $what yet. See its log stream for why it does not start, then: azd hooks run postdeploy"
        }
        Write-Output "Event Grid: waiting for the app's $what ($attempt of $tries) …"
        $attempt += 1
        Start-Sleep -Seconds $pause
    }
}

Wait-For "function $function" @(
    'functionapp', 'function', 'show', '--subscription', $env:AZURE_SUBSCRIPTION_ID,
    '--resource-group', $env:AZURE_RESOURCE_GROUP, '--name', $env:AZURE_FUNCTION_APP_NAME,
    '--function-name', $function, '--query', 'length(name)')
Wait-For 'key blobs_extension' @(
    'functionapp', 'keys', 'list', '--subscription', $env:AZURE_SUBSCRIPTION_ID,
    '--resource-group', $env:AZURE_RESOURCE_GROUP, '--name', $env:AZURE_FUNCTION_APP_NAME,
    '--query', 'length(systemKeys.blobs_extension)')

# Event Grid asks the app whether it wants the events, and a cold app may answer too late.
$attempt = 1
while ($true) {
    $said = az deployment group create --subscription $env:AZURE_SUBSCRIPTION_ID `
        --resource-group $env:AZURE_RESOURCE_GROUP --name subscription `
        --template-file infra/app/subscription.bicep --output none --parameters `
        "functionAppName=$env:AZURE_FUNCTION_APP_NAME" `
        "topicName=$env:EVENT_GRID_TOPIC_NAME" `
        "identityId=$env:EVENT_GRID_IDENTITY_ID" `
        "imagesContainer=$env:IMAGES_CONTAINER" `
        "deadLettersContainer=$env:DEAD_LETTERS_CONTAINER" 2>&1
    if ($LASTEXITCODE -eq 0) { break }
    if ($attempt -ge 5) {
        Stop-WithSentence "the subscription could not be made. Azure said:`n$($said -join "`n")"
    }
    Write-Output "Event Grid: the subscription could not be made ($attempt of 5), trying again …"
    $attempt += 1
    Start-Sleep -Seconds $pause
}
Write-Output "Event Grid: $env:AZURE_FUNCTION_APP_NAME is told of every image in $env:IMAGES_CONTAINER."
