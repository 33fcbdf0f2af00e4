#!/bin/sh
# Has Event Grid tell the deployed app of new images. `azd up` and `azd deploy` run this once the app
# is deployed; `azd hooks run postdeploy` runs it again, which changes nothing that is right already.
# eventgrid.ps1 is the same for Windows.
set -eu
cd "$(dirname "$0")/.."

tries="${EVENT_GRID_TRIES:-60}"
pause="${EVENT_GRID_PAUSE_SECONDS:-10}"
function="image_landed"

fail() {
    echo "Event Grid: $1" >&2
    exit 1
}

for name in AZURE_SUBSCRIPTION_ID AZURE_RESOURCE_GROUP AZURE_FUNCTION_APP_NAME \
    EVENT_GRID_TOPIC_NAME EVENT_GRID_IDENTITY_ID IMAGES_CONTAINER DEAD_LETTERS_CONTAINER; do
    eval "value=\${$name:-}"
    [ -n "$value" ] ||
        fail "$name is not set. Run 'azd provision', then: azd hooks run postdeploy"
done
command -v az >/dev/null ||
    fail "the Azure CLI is missing. Install it (https://aka.ms/azure-cli), then: azd hooks run postdeploy"
az account show --subscription "$AZURE_SUBSCRIPTION_ID" --output none 2>/dev/null ||
    fail "the Azure CLI may not use subscription $AZURE_SUBSCRIPTION_ID. Run 'az login', then: azd hooks run postdeploy"

# Calls az until it says something, or fails with a sentence. The key's length is asked for, never
# the key.
wait_for() {
    what="$1"
    shift
    attempt=1
    until [ -n "$("$@" --output tsv 2>/dev/null || true)" ]; do
        [ "$attempt" -lt "$tries" ] ||
            fail "the app has no $what yet. See its log stream for why it does not start, then: azd hooks run postdeploy"
        echo "Event Grid: waiting for the app's $what ($attempt of $tries) …"
        attempt=$((attempt + 1))
        sleep "$pause"
    done
}

wait_for "function $function" \
    az functionapp function show --subscription "$AZURE_SUBSCRIPTION_ID" \
    --resource-group "$AZURE_RESOURCE_GROUP" --name "$AZURE_FUNCTION_APP_NAME" \
    --function-name "$function" --query 'length(name)'
wait_for "key blobs_extension" \
    az functionapp keys list --subscription "$AZURE_SUBSCRIPTION_ID" \
    --resource-group "$AZURE_RESOURCE_GROUP" --name "$AZURE_FUNCTION_APP_NAME" \
    --query 'length(systemKeys.blobs_extension)'

# Event Grid asks the app whether it wants the events, and a cold app may answer too late.
attempt=1
until said=$(az deployment group create --subscription "$AZURE_SUBSCRIPTION_ID" \
    --resource-group "$AZURE_RESOURCE_GROUP" --name subscription \
    --template-file infra/app/subscription.bicep --output none --parameters \
    functionAppName="$AZURE_FUNCTION_APP_NAME" \
    topicName="$EVENT_GRID_TOPIC_NAME" \
    identityId="$EVENT_GRID_IDENTITY_ID" \
    imagesContainer="$IMAGES_CONTAINER" \
    deadLettersContainer="$DEAD_LETTERS_CONTAINER" 2>&1); do
    [ "$attempt" -lt 5 ] || fail "the subscription could not be made. Azure said:
$said"
    echo "Event Grid: the subscription could not be made ($attempt of 5), trying again …"
    attempt=$((attempt + 1))
    sleep "$pause"
done
echo "Event Grid: $AZURE_FUNCTION_APP_NAME is told of every image in $IMAGES_CONTAINER."
