"""Rules of the manifests by themselves: what a pod may do, how much it gets, how many stay up."""

from __future__ import annotations

from collections.abc import Iterator

from tests.manifests.objects import TOOLS, Manifest, named, of, pods, quantity, serving

_REACHED = {53, 5432, 9092, 9093}  # names, PostgreSQL, Kafka


def restricted(objects: list[Manifest]) -> Iterator[str]:
    for name, pod in pods(objects):
        pod_context = pod.get("securityContext", {})
        if pod_context.get("runAsNonRoot") is not True or not pod_context.get("runAsUser"):
            yield f"{name}: must run as a user of its own, not root"
        if pod_context.get("seccompProfile") != {"type": "RuntimeDefault"}:
            yield f"{name}: seccompProfile must be RuntimeDefault"
        if pod.keys() & {"hostNetwork", "hostPID", "hostIPC"}:
            yield f"{name}: nothing of the host's"
        if any(not volume.keys() & {"emptyDir", "configMap"} for volume in pod.get("volumes", ())):
            yield f"{name}: only emptyDir and configMap volumes"
        for container in pod["containers"]:
            context = container.get("securityContext", {})
            if context.get("allowPrivilegeEscalation") is not False or "privileged" in context:
                yield f"{name}: allowPrivilegeEscalation must be false"
            if context.get("capabilities") != {"drop": ["ALL"]}:
                yield f"{name}: capabilities must drop ALL and add none"
            if context.get("readOnlyRootFilesystem") is not True:
                yield f"{name}: the root file system must be read-only"
            if context.keys() & {"runAsUser", "runAsNonRoot", "seccompProfile"}:
                yield f"{name}: the container must not loosen what the pod says"


def accounts(objects: list[Manifest]) -> Iterator[str]:
    there = {each["metadata"]["name"] for each in of(objects, "ServiceAccount")}
    for name, pod in pods(objects):
        if pod.get("serviceAccountName") not in there:
            yield f"{name}: needs a service account of its own, not the default one"
        if pod.get("automountServiceAccountToken") is not False:
            yield f"{name}: automountServiceAccountToken must be false"
        if pod.get("enableServiceLinks") is not False:
            yield f"{name}: enableServiceLinks must be false, or CROSSTIE_* is set behind our back"


def resources(objects: list[Manifest]) -> Iterator[str]:
    for name, pod in pods(objects):
        for container in pod["containers"]:
            given = container.get("resources", {})
            for side in ("requests", "limits"):
                if set(given.get(side, ())) != {"cpu", "memory"}:
                    yield f"{name}: needs {side} of cpu and memory"
            for what in ("cpu", "memory"):
                least, most = (given.get(side, {}).get(what) for side in ("requests", "limits"))
                if least and most and quantity(least) > quantity(most):
                    yield f"{name}: requests more {what} than its limit"


def images(objects: list[Manifest]) -> Iterator[str]:
    for name, pod in pods(objects):
        for container in pod["containers"]:
            tag = container["image"].rpartition("/")[2].partition(":")[2]
            if tag in {"", "latest"} and "@sha256:" not in container["image"]:
                yield f"{name}: image {container['image']} needs a tag or digest"


def selectors(objects: list[Manifest]) -> Iterator[str]:
    labels = {
        each["metadata"]["name"]: each["spec"]["template"]["metadata"]["labels"]
        for each in of(objects, "Deployment")
    }
    for each in objects:
        spec = each.get("spec", {})
        wanted = spec.get("selector", {})
        of_one = each["kind"] not in {"Job", "PodMonitor"}
        wanted = wanted.get("matchLabels", wanted) if of_one else {}
        target = labels.get(each["metadata"]["name"], {})
        if wanted and not wanted.items() <= target.items():
            yield f"{named(each)}: selects no pod of its Deployment"
    for name, pod in serving(objects):
        for spread in pod.get("topologySpreadConstraints", ()):
            if not spread["labelSelector"]["matchLabels"].items() <= labels[name].items():
                yield f"{name}: spreads other pods than its own"
        if {each["topologyKey"] for each in pod.get("topologySpreadConstraints", ())} != {
            "kubernetes.io/hostname",
            "topology.kubernetes.io/zone",
        }:
            yield f"{name}: must spread over hosts and zones"


def budgets(objects: list[Manifest]) -> Iterator[str]:
    replicas = {
        each["metadata"]["name"]: each["spec"]["replicas"] for each in of(objects, "Deployment")
    }
    for each in of(objects, "PodDisruptionBudget"):
        least = each["spec"].get("minAvailable")
        there = replicas.get(each["metadata"]["name"], 0)
        if not isinstance(least, int) or not 0 < least < there:
            yield f"{named(each)}: minAvailable {least} must be above 0 and below {there} replicas"


def rollouts(objects: list[Manifest]) -> Iterator[str]:
    for each in of(objects, "Deployment"):
        if each["metadata"]["name"] == TOOLS:
            continue  # nobody waits for it
        rolling = each["spec"].get("strategy", {}).get("rollingUpdate", {})
        unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
        if (unavailable, surge) not in {(0, 1), (1, 0)}:
            yield f"{named(each)}: one pod at a time: maxUnavailable and maxSurge 0 and 1, or 1 and 0"


def networks(objects: list[Manifest]) -> Iterator[str]:
    """Where there are NetworkPolicies, each pod has one for both ways, and none reaches everything."""
    policies = [each["spec"] for each in of(objects, "NetworkPolicy")]
    for each in policies:
        for rule in each.get("egress", ()):
            if not rule.get("ports") or not {port["port"] for port in rule["ports"]} <= _REACHED:
                yield f"NetworkPolicy: out only to ports {sorted(_REACHED)}"
    for each in (*of(objects, "Deployment"), *of(objects, "Job")) if policies else ():
        labels = each["spec"]["template"]["metadata"]["labels"]
        bound = {
            way
            for policy in policies
            if policy["podSelector"].get("matchLabels", {}).items() <= labels.items()
            for way in policy["policyTypes"]
        }
        for way in sorted({"Ingress", "Egress"} - bound):
            yield f"{named(each)}: no NetworkPolicy of type {way} selects its pods"


RULES = (restricted, accounts, resources, images, selectors, budgets, rollouts, networks)
