"""What the Helm chart renders, held against Kubernetes' schemas and against what it promises: `kubernetes.py FILE...`"""

import os
import re
import sys

import kubernetes_validate
import yaml

# Of the Prometheus Operator, whose schema is not Kubernetes'.
OTHERS = {"ServiceMonitor"}


def pods(document):
    spec = document.get("spec", {})
    if document["kind"] == "Deployment":
        yield spec["template"]
    if document["kind"] == "CronJob":
        yield spec["jobTemplate"]["spec"]["template"]


def promised(documents):
    """What is wrong with them together."""
    kinds = [document["kind"] for document in documents]
    for kind in ["Deployment", "Service", "PodDisruptionBudget", "ServiceAccount"]:
        if kind not in kinds:
            yield f"there is no {kind}"
    if "Secret" in kinds:
        yield "a Secret is made: its value would be in the release"
    templates = [(document, pod) for document in documents for pod in pods(document)]
    for document, pod in templates:
        name, spec = document["kind"], pod["spec"]
        if not spec["securityContext"]["runAsNonRoot"] or spec["automountServiceAccountToken"]:
            yield f"{name} may run as root or has a token"
        for container in spec["containers"]:
            context = container["securityContext"]
            if not context["readOnlyRootFilesystem"] or context["allowPrivilegeEscalation"] or context["capabilities"] != {"drop": ["ALL"]}:
                yield f"{name} may change its root file system or gain privileges"
            if "memory" not in container["resources"]["limits"]:
                yield f"{name} has no bound of memory"
            mounted = {mount["name"] for mount in container["volumeMounts"]}
            if not mounted <= {volume["name"] for volume in spec["volumes"]}:
                yield f"{name} mounts what it has not"
            plain = [entry["name"] for entry in container["env"] if entry["name"] in ("OPONN_STORE", "OPONN_CACHE") and "value" in entry]
            if plain:
                yield f"{name} has {plain} in clear"
    for document in documents:
        if document["kind"] == "Deployment":
            spec = document["spec"]["template"]["spec"]
            delay = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
            settings = [other["data"]["oponn.toml"] for other in documents if other["kind"] == "ConfigMap" and "oponn.toml" in other["data"]]
            grace = re.search(r'grace = "(\d+)s"', settings[0]) if settings else None
            if spec["terminationGracePeriodSeconds"] <= delay + int(grace[1] if grace else 20) + 17:
                yield "a pod is killed before it can have stopped"
            if document["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] != 0:
                yield "a pod goes before another has come"
            labels = document["spec"]["template"]["metadata"]["labels"]
            for other in documents:
                selector = other.get("spec", {}).get("selector")
                selector = selector.get("matchLabels", selector) if isinstance(selector, dict) else None
                if other["kind"] in ("Service", "PodDisruptionBudget") and not selector.items() <= labels.items():
                    yield f"{other['kind']} does not select the servers"
            imports = [pod["metadata"]["labels"] for other, pod in templates if other["kind"] == "CronJob"]
            if any(document["spec"]["selector"]["matchLabels"].items() <= found.items() for found in imports):
                yield "imports would get requests"


faults, checked = [], 0
for path in sys.argv[1:]:
    version = os.path.basename(path).rsplit("-", 1)[1].rsplit(".", 2)[0]
    documents = [document for document in yaml.safe_load_all(open(path)) if document]
    for document in documents:
        if document["kind"] in OTHERS:
            continue
        try:
            kubernetes_validate.validate(document, version, strict=True)
            checked += 1
        except kubernetes_validate.ValidationError as error:
            faults.append(f"{path}: {document['kind']}: {'.'.join(map(str, error.path))}: {error.message}")
    faults += [f"{path}: {fault}" for fault in promised(documents)]
print(f"{checked} documents in {len(sys.argv) - 1} releases, {len(faults)} faults")
print("\n".join(faults), file=sys.stderr)
sys.exit(bool(faults))
