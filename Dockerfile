# syntax=docker/dockerfile:1
# The app as a container, for Azure Container Apps, Kubernetes or any other place: docs/containers.md.
# It runs as nobody in particular, on port 8080, and writes below /tmp only.

ARG BASE=mcr.microsoft.com/azure-functions/python:4-python3.13

FROM ${BASE} AS app
WORKDIR /home/site/wwwroot
COPY requirements.txt ./
# On the image that will run them, as wheels that were pinned: nothing is built, and no compiler needed.
RUN python -m pip install --no-cache-dir --no-deps --only-binary :all: --require-hashes \
    --target .python_packages/lib/site-packages --requirement requirements.txt
COPY function_app.py host.json ./
COPY models ./models
COPY captioner ./captioner
# Nothing can be compiled later, in a file system that is read only.
RUN python -m compileall -q function_app.py captioner

FROM ${BASE}
COPY --from=app /home/site/wwwroot /home/site/wwwroot
# The host's identity names its keys and its internal queue: all instances of an app share it.
# Keys lie in the storage account, as instances come and go; its other files in /tmp.
# Told to stop, it finishes what is in work.
ENV ASPNETCORE_URLS=http://+:8080 \
    AzureFunctionsJobHost__Logging__Console__IsEnabled=true \
    AzureFunctionsJobHost__fileWatchingEnabled=false \
    AzureFunctionsWebHost__IsFileSystemReadOnly=true \
    AzureFunctionsWebHost__hostid=captioner \
    AzureWebJobsDisableHomepage=true \
    AzureWebJobsScriptRoot=/home/site/wwwroot \
    AzureWebJobsSecretStorageType=blob \
    DOTNET_EnableDiagnostics=0 \
    FUNCTIONS_ENABLE_DRAIN_ON_APP_STOPPING=true \
    FUNCTIONS_LOG_PATH=/tmp/functions/logs \
    FUNCTIONS_SECRETS_PATH=/tmp/functions/secrets \
    FUNCTIONS_TEST_DATA_PATH=/tmp/functions/data \
    FUNCTIONS_WORKER_RUNTIME=python \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPATH=/home/site/wwwroot/.python_packages/lib/site-packages \
    PYTHON_THREADPOOL_THREAD_COUNT=4
EXPOSE 8080
USER 10001:10001
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/api/health', timeout=9)"]
# The host itself and no shell around it, which would keep the signal to stop from it.
CMD ["/azure-functions-host/Microsoft.Azure.WebJobs.Script.WebHost"]
