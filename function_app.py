"""Triggers and routes: each takes its message apart and hands it on."""

import azure.functions as func
from azurefunctions.extensions.bindings.blob import BlobClient

from captioner.api import AltTextApi, Api, CollectionApi, ExportApi, ImageApi, JobApi, PageApi
from captioner.composition import app_settings, services
from captioner.events import BLOBS_QUEUE, PoisonBlob, Retry, read_message
from captioner.jobs import JOBS_QUEUE, LISTS_QUEUE, JobMessage
from captioner.settings import STORAGE_CONNECTION
from captioner.store import RETRY_QUEUE
from captioner.telemetry.invocations import TracedApp
from captioner.telemetry.privacy import keep_private

keep_private()  # the worker has configured telemetry by now

# Read here because triggers must be known when the host looks for them. Faulty settings so keep
# the host from starting with a sentence that says why, and no event is lost to them.
settings = app_settings()

app = TracedApp(http_auth_level=func.AuthLevel.FUNCTION)
api = Api(services)
image_api = ImageApi(services)
export_api = ExportApi(services)
job_api = JobApi(services)
page_api = PageApi()
collection_api = CollectionApi(services)
alt_text_api = AltTextApi(services)


# Bound as a client, which is a mere reference to the blob: bound as bytes or a stream, photographs
# of several megabytes would pass from host to worker in one message, held in memory several times
# (and over 4 MB some workers have lost them). Our own pooled client reads the image, within limits.
@app.blob_trigger(
    arg_name="image",
    path=f"{settings.images_container}/{{name}}",
    connection=STORAGE_CONNECTION,
    source=(
        func.BlobSource.EVENT_GRID
        if settings.blob_trigger_source == "event-grid"
        else func.BlobSource.LOGS_AND_CONTAINER_SCAN
    ),
)
def image_landed(image: BlobClient) -> None:
    services().events.landed(image.container_name, image.blob_name)


@app.queue_trigger(arg_name="message", queue_name=RETRY_QUEUE, connection=STORAGE_CONNECTION)
def retry(message: func.QueueMessage) -> None:
    if told := read_message(message.get_body(), Retry):
        services().events.retry(told)


@app.queue_trigger(
    arg_name="message", queue_name=f"{BLOBS_QUEUE}-poison", connection=STORAGE_CONNECTION
)
def platform_gave_up(message: func.QueueMessage) -> None:
    if told := read_message(message.get_body(), PoisonBlob):
        services().events.platform_gave_up(told)


@app.queue_trigger(
    arg_name="message", queue_name=f"{RETRY_QUEUE}-poison", connection=STORAGE_CONNECTION
)
def retry_gave_up(message: func.QueueMessage) -> None:
    if told := read_message(message.get_body(), Retry):
        services().events.retry_gave_up(told)


@app.queue_trigger(arg_name="message", queue_name=LISTS_QUEUE, connection=STORAGE_CONNECTION)
def job_listing(message: func.QueueMessage) -> None:
    if told := read_message(message.get_body(), JobMessage):
        services().job_worker.do(told)


@app.queue_trigger(arg_name="message", queue_name=JOBS_QUEUE, connection=STORAGE_CONNECTION)
def job_step(message: func.QueueMessage) -> None:
    if told := read_message(message.get_body(), JobMessage):
        services().job_worker.do(told)


@app.queue_trigger(
    arg_name="message", queue_name=f"{LISTS_QUEUE}-poison", connection=STORAGE_CONNECTION
)
def job_listing_gave_up(message: func.QueueMessage) -> None:
    if told := read_message(message.get_body(), JobMessage):
        services().job_worker.gave_up(told)


@app.queue_trigger(
    arg_name="message", queue_name=f"{JOBS_QUEUE}-poison", connection=STORAGE_CONNECTION
)
def job_step_gave_up(message: func.QueueMessage) -> None:
    if told := read_message(message.get_body(), JobMessage):
        services().job_worker.gave_up(told)


@app.timer_trigger(arg_name="timer", schedule="0 7 * * * *")  # hourly
def keep_catalogue(timer: func.TimerRequest) -> None:  # noqa: ARG001 - bound by its name
    services().upkeep.keep()


@app.route("api/caption", methods=["POST"])
def caption(req: func.HttpRequest) -> func.HttpResponse:
    return api.caption(req)


# A name may hold slashes, so it is the rest of the path.
@app.route("api/captions/{*name}", methods=["GET"])
def record(req: func.HttpRequest) -> func.HttpResponse:
    return api.record(req)


@app.route("api/alt-text/{*name}", methods=["PUT"])
def publish_alt_text(req: func.HttpRequest) -> func.HttpResponse:
    return alt_text_api.publish(req)


@app.route("api/alt-text/{*name}", methods=["DELETE"])
def hand_alt_text_back(req: func.HttpRequest) -> func.HttpResponse:
    return alt_text_api.hand_back(req)


@app.route("api/history/{*name}", methods=["GET"])
def history(req: func.HttpRequest) -> func.HttpResponse:
    return alt_text_api.history(req)


@app.route("api/images/{*name}", methods=["DELETE"])
def delete_image(req: func.HttpRequest) -> func.HttpResponse:
    return alt_text_api.delete_image(req)


@app.route("api/images/{*name}", methods=["PUT"])
def put_image(req: func.HttpRequest) -> func.HttpResponse:
    return image_api.put(req)


# Constrained, as the host would otherwise take the bare path for it too, which is the list's.
@app.route("api/images/{*name:minlength(1)}", methods=["GET"])
def image(req: func.HttpRequest) -> func.HttpResponse:
    return image_api.get(req)


@app.route("api/thumbnails/{*name}", methods=["GET"])
def thumbnail(req: func.HttpRequest) -> func.HttpResponse:
    return image_api.thumbnail(req)


@app.route("api/attention/{*name}", methods=["GET"])
def attention(req: func.HttpRequest) -> func.HttpResponse:
    return image_api.attention(req)


@app.route("api/jobs", methods=["POST"])
def start_job(req: func.HttpRequest) -> func.HttpResponse:
    return job_api.start(req)


@app.route("api/jobs", methods=["GET"])
def list_jobs(req: func.HttpRequest) -> func.HttpResponse:
    return job_api.list(req)


@app.route("api/jobs/{id}", methods=["GET"])
def job_status(req: func.HttpRequest) -> func.HttpResponse:
    return job_api.status(req)


@app.route("api/jobs/{id}", methods=["PATCH"])
def renew_job(req: func.HttpRequest) -> func.HttpResponse:
    return job_api.renew(req)


@app.route("api/jobs/{id}", methods=["DELETE"])
def cancel_job(req: func.HttpRequest) -> func.HttpResponse:
    return job_api.cancel(req)


@app.route("api/jobs/{id}/results", methods=["GET"])
def job_results(req: func.HttpRequest) -> func.HttpResponse:
    return job_api.results(req)


@app.route("api/search", methods=["GET"])
def search(req: func.HttpRequest) -> func.HttpResponse:
    return api.search(req)


@app.route("api/images", methods=["GET"])
def list_images(req: func.HttpRequest) -> func.HttpResponse:
    return collection_api.images(req)


@app.route("api/quality", methods=["GET"])
def quality(req: func.HttpRequest) -> func.HttpResponse:
    return collection_api.quality(req)


@app.route("api/export", methods=["GET"])
def export(req: func.HttpRequest) -> func.HttpResponse:
    return export_api.get(req)


@app.route("api/export", methods=["POST"])
def export_named(req: func.HttpRequest) -> func.HttpResponse:
    return export_api.post(req)


@app.route("api/health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def health(req: func.HttpRequest) -> func.HttpResponse:
    return api.health(req)


@app.route("api/schema", methods=["GET"])
def schema(req: func.HttpRequest) -> func.HttpResponse:
    return api.schema(req)


@app.route("api/openapi.json", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def openapi(req: func.HttpRequest) -> func.HttpResponse:
    return api.openapi(req)


@app.route("api/docs", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def docs(req: func.HttpRequest) -> func.HttpResponse:
    return api.docs(req)


# The root, which no route names by "": an optional part that is never there. It needs no key: a
# browser has none to send before the page has asked for it.
@app.route("{ignored:maxlength(0)?}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def page(req: func.HttpRequest) -> func.HttpResponse:
    return page_api.index(req)


@app.route("web/{file}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def page_file(req: func.HttpRequest) -> func.HttpResponse:
    return page_api.file(req)
