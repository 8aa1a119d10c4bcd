"""The compose file and the builds of the pipeline, as far as they can be held against what they name."""

import os
import re
import sys

import yaml

faults = []


def expect(condition, fault):
    if not condition:
        faults.append(fault)


compose = yaml.safe_load(open("infra/compose.yaml"))
services = compose["services"]
for profile, expected in [(None, {"mongodb", "redis", "oponn"}), ("observe", {"prometheus", "grafana", "jaeger"}), ("scale", {"oponn-2", "proxy"})]:
    found = {name for name, service in services.items() if service.get("profiles", [None]) == [profile]}
    expect(found == expected, f"compose.yaml: profile {profile} has {found}")
for name, service in services.items():
    expect(all(port.startswith("127.0.0.1:") for port in service["ports"]) if service.get("ports") else True, f"compose.yaml: {name} is reached from other machines")
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        expect(os.path.exists(f"infra/{source}") if source.startswith("./") else source in compose["volumes"], f"compose.yaml: {name} mounts {source}, which is not there")
    for other in service.get("depends_on", []):
        expect(other in services, f"compose.yaml: {name} depends on {other}")
for name in ["oponn", "oponn-2"]:
    expect(services[name]["read_only"] and services[name]["cap_drop"] == ["ALL"], f"compose.yaml: {name} may write or has capabilities")

ignored = open("infra/Dockerfile.dockerignore").read()
for line in open("infra/Dockerfile"):
    if line.startswith("COPY ") and "--from" not in line:
        for source in line.split()[1:-1]:
            expect(os.path.exists(source), f"Dockerfile: there is no {source}")
            expect(source == "." or any(source == kept or source.startswith(f"{kept}/") for kept in re.findall(r"^!(.*)$", ignored, re.M)), f"Dockerfile.dockerignore leaves out {source}")

for build in ["check", "image", "smoke"]:
    spec = yaml.safe_load(open(f"infra/aws/pipeline/{build}.yml"))
    expect(spec["version"] == 0.2, f"{build}.yml: the version of build specifications is 0.2")
    for phase in spec["phases"].values():
        for command in phase["commands"]:
            for path in re.findall(r"infra/\S+\.sh", command):
                expect(os.access(path, os.X_OK), f"{build}.yml: {path} cannot be run")

print("\n".join(faults) or "no faults", file=sys.stderr)
sys.exit(bool(faults))
