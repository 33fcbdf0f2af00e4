"""The manifests for Kubernetes: valid, confined, and in words that the code reads."""

import json
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from string import Template
from typing import Any

import kubernetes_validate
import pytest
import yaml

import function_app
from captioner.jobs import JOBS_QUEUE, LISTS_QUEUE
from captioner.settings import Settings, load_settings, load_storage_connection
from captioner.store import RETRY_QUEUE
from tests.support.dockerfile import Dockerfile
from tests.support.documents import table

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "deploy" / "kubernetes"
INDEX = FOLDER / "kustomization.yaml"
FILES = sorted(set(FOLDER.iterdir()) - {INDEX})
VALUES = {
    "IMAGE": "museum.azurecr.io/captioner:1",
    "IDENTITY_CLIENT_ID": "00000000-0000-0000-0000-000000000001",
    "INGRESS_NAMESPACE": "app-routing-system",
    "STORAGE_ACCOUNT": "museum",
}
# What KEDA defines is no part of Kubernetes, and no schema of it is at hand.
FOREIGN = ("TriggerAuthentication", "ScaledObject")


def documents() -> Iterator[dict[str, Any]]:
    for file in FILES:
        yield from yaml.safe_load_all(Template(file.read_text()).substitute(VALUES))


def manifest(kind: str) -> dict[str, Any]:
    (found,) = [each for each in documents() if each["kind"] == kind]
    return found


@pytest.fixture
def pod() -> dict[str, Any]:
    spec: dict[str, Any] = manifest("Deployment")["spec"]["template"]["spec"]
    return spec


@pytest.fixture
def container(pod: dict[str, Any]) -> dict[str, Any]:
    (found,) = pod["containers"]
    return found


@pytest.fixture
def dockerfile() -> Dockerfile:
    return Dockerfile.parse((ROOT / "Dockerfile").read_text())


@pytest.mark.parametrize(
    "document",
    [each for each in documents() if each["kind"] not in FOREIGN],
    ids=lambda document: document["kind"],
)
def test_kubernetes_takes_it(document: dict[str, Any]) -> None:
    kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)


def test_a_wrong_word_would_be_found() -> None:
    """The check above can fail."""
    broken = manifest("Deployment")
    broken["spec"]["template"]["spec"]["securityContext"]["runAsNonRoott"] = True

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, kubernetes_validate.latest_version(), strict=True)


def test_all_of_it_is_applied() -> None:
    assert sorted(yaml.safe_load(INDEX.read_text())["resources"]) == [each.name for each in FILES]


def test_everything_is_in_one_namespace_of_its_own() -> None:
    names = {each["metadata"]["namespace"] for each in documents() if each["kind"] != "Namespace"}
    namespace = manifest("Namespace")["metadata"]

    assert names == {namespace["name"]}
    assert namespace["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_the_pod_may_do_nothing(pod: dict[str, Any], container: dict[str, Any]) -> None:
    """What the Pod Security Standard "restricted" asks for, and a root that is read only."""
    outer, inner = pod["securityContext"], container["securityContext"]

    assert outer["runAsNonRoot"] is True
    assert outer["seccompProfile"] == {"type": "RuntimeDefault"}
    assert inner["allowPrivilegeEscalation"] is False
    assert inner["readOnlyRootFilesystem"] is True
    assert inner["capabilities"] == {"drop": ["ALL"]}
    assert pod["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()


def test_user_port_and_folders_are_the_images(
    pod: dict[str, Any], container: dict[str, Any], dockerfile: Dockerfile
) -> None:
    user = pod["securityContext"]

    assert f"{user['runAsUser']}:{user['runAsGroup']}" == dockerfile.one("USER", -1).text
    assert str(container["ports"][0]["containerPort"]) == dockerfile.one("EXPOSE", -1).text
    (mount,) = container["volumeMounts"]
    (volume,) = pod["volumes"]
    assert mount == {"name": volume["name"], "mountPath": "/tmp"}
    assert volume["emptyDir"]["sizeLimit"]
    assert not (manifest("ConfigMap")["data"].keys() & dockerfile.environment.keys())


def test_the_settings_are_such_as_the_code_reads(container: dict[str, Any]) -> None:
    given = manifest("ConfigMap")["data"]
    known = {each.metadata["env"] for each in fields(Settings)}
    storage = {name for name in given if name.startswith("AzureWebJobsStorage__")}

    assert all(isinstance(value, str) for value in given.values())
    assert given.keys() - storage <= known
    assert {each["name"] for each in container["env"]} <= known
    load_settings(given)
    connection = load_storage_connection(given)
    assert connection.connection_string is None
    assert connection.blob_endpoint == "https://museum.blob.core.windows.net"
    assert connection.queue_endpoint == "https://museum.queue.core.windows.net"
    (source,) = container["envFrom"]
    assert source == {"configMapRef": {"name": manifest("ConfigMap")["metadata"]["name"]}}


def test_large_pictures_fit_into_the_memory_of_a_pod(
    container: dict[str, Any], dockerfile: Dockerfile
) -> None:
    """A pod that takes more is killed, and with it what the others in it do."""
    limit = container["resources"]["limits"]["memory"]
    at_once = int(dockerfile.environment["PYTHON_THREADPOOL_THREAD_COUNT"])
    picture = load_settings(manifest("ConfigMap")["data"]).max_image_memory

    assert limit.endswith("Gi")
    assert at_once * picture < int(limit.removesuffix("Gi")) * 2**30 * 0.6


def test_no_secret_is_in_the_manifests(container: dict[str, Any]) -> None:
    assert "Secret" not in {each["kind"] for each in documents()}
    for each in container["env"]:
        assert each["valueFrom"]["secretKeyRef"]["optional"] is True


def test_the_probes_ask_for_what_anybody_may_ask(
    container: dict[str, Any], bindings: dict[str, dict[str, Any]]
) -> None:
    asked = {
        name: container[name]["httpGet"]
        for name in ("startupProbe", "livenessProbe", "readinessProbe")
    }

    assert {each["port"] for each in asked.values()} == {container["ports"][0]["name"]}
    assert asked["readinessProbe"]["path"] == f"/{bindings['health']['route']}"
    # A pod is not killed because storage is away.
    assert asked["livenessProbe"]["path"] == asked["startupProbe"]["path"] == "/admin/host/ping"


def test_what_is_in_work_is_finished(pod: dict[str, Any]) -> None:
    host = json.loads((ROOT / "host.json").read_text())
    hours, minutes, seconds = map(int, host["functionTimeout"].split(":"))

    longest = hours * 3600 + minutes * 60 + seconds
    assert pod["terminationGracePeriodSeconds"] > longest


def test_everything_means_the_same_pods() -> None:
    template = manifest("Deployment")["spec"]["template"]["metadata"]["labels"]
    selectors = [
        manifest("Deployment")["spec"]["selector"]["matchLabels"],
        manifest("Service")["spec"]["selector"],
        manifest("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        manifest("NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
    ]

    assert all(selector.items() <= template.items() for selector in selectors)
    assert template["azure.workload.identity/use"] == "true"
    account = manifest("ServiceAccount")
    assert (
        manifest("Deployment")["spec"]["template"]["spec"]["serviceAccountName"]
        == account["metadata"]["name"]
    )
    assert account["metadata"]["annotations"] == {
        "azure.workload.identity/client-id": VALUES["IDENTITY_CLIENT_ID"]
    }
    (port,) = manifest("Service")["spec"]["ports"]
    assert port["targetPort"] == "http"


def test_only_https_leaves_and_never_for_the_metadata_of_the_machine() -> None:
    spec = manifest("NetworkPolicy")["spec"]
    (block,) = [to["ipBlock"] for rule in spec["egress"] for to in rule["to"] if "ipBlock" in to]

    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert "169.254.0.0/16" in block["except"]
    assert {port["port"] for rule in spec["egress"] for port in rule["ports"]} == {53, 443}


def test_keda_counts_the_queues_that_the_app_works_off(dockerfile: Dockerfile) -> None:
    spec = manifest("ScaledObject")["spec"]
    queues = {
        each["metadata"]["queueName"]: each
        for each in spec["triggers"]
        if each["type"] == "azure-queue"
    }

    internal = (
        f"azure-webjobs-blobtrigger-{dockerfile.environment['AzureFunctionsWebHost__hostid']}"
    )
    assert queues.keys() == {internal, RETRY_QUEUE, LISTS_QUEUE, JOBS_QUEUE}
    for trigger in queues.values():
        assert trigger["metadata"]["accountName"] == VALUES["STORAGE_ACCOUNT"]
        assert int(trigger["metadata"]["queueLength"]) > 0
        assert trigger["authenticationRef"] == {
            "name": manifest("TriggerAuthentication")["metadata"]["name"]
        }
    # Messages that are not due yet would keep pods up that have nothing to do.
    assert queues[RETRY_QUEUE]["metadata"]["queueLengthStrategy"] == "visibleonly"


def test_every_queue_with_work_is_counted(bindings: dict[str, dict[str, Any]]) -> None:
    """Poison is rare, and one pod is always there for it."""
    assert callable(function_app.job_step)
    worked_off = {trigger["queueName"] for trigger in bindings.values() if "queueName" in trigger}
    counted = {
        each["metadata"].get("queueName") for each in manifest("ScaledObject")["spec"]["triggers"]
    }

    assert {name for name in worked_off if not name.endswith("-poison")} <= counted


def test_keda_keeps_one_pod_and_signs_in_as_the_pods_do() -> None:
    spec = manifest("ScaledObject")["spec"]
    identity = manifest("TriggerAuthentication")["spec"]["podIdentity"]

    assert spec["scaleTargetRef"] == {"name": manifest("Deployment")["metadata"]["name"]}
    assert spec["minReplicaCount"] == 1
    assert spec["maxReplicaCount"] > 1
    assert "replicas" not in manifest("Deployment")["spec"]
    assert {each["apiVersion"] for each in documents() if each["kind"] in FOREIGN} == {
        "keda.sh/v1alpha1"
    }
    assert identity == {"provider": "azure-workload", "identityId": VALUES["IDENTITY_CLIENT_ID"]}
    assert [each["type"] for each in spec["triggers"]].count("cpu") == 1
    requests = manifest("Deployment")["spec"]["template"]["spec"]["containers"][0]["resources"]
    assert requests["requests"]["cpu"]  # what the share of the processors is measured by


def test_the_page_tells_every_value_to_fill_in() -> None:
    wanted = {name for file in FILES for name in re.findall(r"\$\{([A-Z_]+)\}", file.read_text())}
    told = set(
        re.findall(r"^export ([A-Z_]+)=", (ROOT / "docs" / "containers.md").read_text(), re.M)
    )

    assert wanted == VALUES.keys()
    assert wanted <= told


def test_containers_are_told_of_the_settings_of_telemetry_that_operators_are() -> None:
    told, wanted = (
        {row[0] for row in table(ROOT / "docs" / page, "Setting", "Value")}
        for page in ("containers.md", "observability.md")
    )

    assert told == wanted
    assert len(told) == 3
