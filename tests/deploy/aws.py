"""AWS in this process, by moto, to apply Terraform to: `aws.py PORT`. Prints the variables of an application.

What moto lacks and the template needs is made up for here, as far as Terraform asks for it: connections to GitHub, parameter
groups of ElastiCache, the second node of a replication group and the end of both, tags of scaling targets, and sources of CodeBuild projects
that are a pipeline's."""

import json
import os
import sys
import threading
import uuid

os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"

import boto3
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.codebuild import responses as codebuild
from moto.codepipeline import models as codepipeline
from moto.core.responses import ActionResult
from moto.elasticache.exceptions import ElastiCacheException
from moto.elasticache.models import ElastiCacheBackend, ReplicationGroup
from moto.elasticache.responses import ElastiCacheResponse
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

ACCOUNT = "123456789012"
REGION = "eu-north-1"
made = {}


def connection(action, asked):
    """CodeStar connections: JSON in, JSON out."""
    if action == "CreateConnection":
        arn = f"arn:aws:codestar-connections:{REGION}:{ACCOUNT}:connection/{uuid.uuid4()}"
        made[arn] = {"ConnectionArn": arn, "ConnectionName": asked["ConnectionName"], "ConnectionStatus": "PENDING",
                     "OwnerAccountId": ACCOUNT, "ProviderType": asked["ProviderType"], "Tags": asked.get("Tags", [])}
        return {"ConnectionArn": arn, "Tags": made[arn]["Tags"]}
    if action == "GetConnection" and asked["ConnectionArn"] in made:
        return {"Connection": {key: value for key, value in made[asked["ConnectionArn"]].items() if key != "Tags"}}
    if action == "ListTagsForResource":
        return {"Tags": made[asked["ResourceArn"]]["Tags"]}
    if action == "DeleteConnection":
        made.pop(asked["ConnectionArn"], None)
        return {}
    return None


def parameter_group(self):
    name = self._get_param("CacheParameterGroupName")
    if self._get_action() == "CreateCacheParameterGroup":
        made[name] = {"parameters": {}, "tags": self._get_param("Tags", []), "told": {
            "CacheParameterGroupName": name, "CacheParameterGroupFamily": self._get_param("CacheParameterGroupFamily"),
            "Description": self._get_param("Description"), "IsGlobal": False,
            "ARN": f"arn:aws:elasticache:{REGION}:{ACCOUNT}:parametergroup:{name}"}}
    return made[name]


def create_parameter_group(self):
    return ActionResult({"CacheParameterGroup": parameter_group(self)["told"]})


def modify_parameter_group(self):
    group = parameter_group(self)
    for parameter in self._get_param("ParameterNameValues", []):
        group["parameters"][parameter["ParameterName"]] = parameter["ParameterValue"]
    return ActionResult({"CacheParameterGroupName": self._get_param("CacheParameterGroupName")})


def describe_parameter_groups(self):
    if self._get_param("CacheParameterGroupName") not in made:
        raise CacheParameterGroupNotFound()
    return ActionResult({"CacheParameterGroups": [parameter_group(self)["told"]]})


def describe_parameters(self):
    parameters = parameter_group(self)["parameters"].items()
    return ActionResult({"Parameters": [{"ParameterName": name, "ParameterValue": value, "Source": "user"} for name, value in parameters]})


def delete_parameter_group(self):
    made.pop(self._get_param("CacheParameterGroupName"), None)
    return ActionResult({})


class CacheParameterGroupNotFound(ElastiCacheException):
    code = "CacheParameterGroupNotFound"

    def __init__(self):
        super().__init__("there is no such group")


def tags_of_cache(self):
    name = self._get_param("ResourceName")
    return ActionResult({"TagList": made[name.split(":")[-1]]["tags"]}) if ":parametergroup:" in name else list_tags_of_cache(self)


def describe_clusters(self):
    """The nodes of a replication group, which moto has only by their names."""
    name = self._get_param("CacheClusterId")
    for group in self.elasticache_backend.replication_groups.values():
        if name in group.member_clusters:
            return ActionResult({"CacheClusters": [{
                "CacheClusterId": name, "CacheClusterStatus": "available", "CacheNodeType": group.cache_node_type,
                "Engine": group.engine, "EngineVersion": "8.0.1", "NumCacheNodes": 1,
                "CacheParameterGroup": {"CacheParameterGroupName": group.cache_parameter_group_name},
                "CacheSubnetGroupName": group.cache_subnet_group_name, "AutoMinorVersionUpgrade": True,
                "SecurityGroups": [{"SecurityGroupId": id, "Status": "active"} for id in group.security_group_ids],
                "TransitEncryptionEnabled": group.transit_encryption_enabled, "TransitEncryptionMode": group.transit_encryption_mode,
                "AtRestEncryptionEnabled": group.at_rest_encryption_enabled, "AuthTokenEnabled": group.auth_token_enabled,
                "ARN": f"arn:aws:elasticache:{REGION}:{ACCOUNT}:cluster:{name}"}]})
    return clusters_of_cache(self)


def set_nodes(self, **given):
    """As many nodes as were asked for, and not one."""
    nodes_of_group(self, **given | {"replicas_per_node_group": given["num_cache_clusters"] - 1})


nodes_of_group = ReplicationGroup._set_node_members_clusters_disabled
ReplicationGroup._set_node_members_clusters_disabled = set_nodes
def delete_group(self, replication_group_id, retain_primary_cluster):
    """At once, and not for ever on its way."""
    group = delete_group_of_cache(self, replication_group_id, retain_primary_cluster)
    del self.replication_groups[replication_group_id]
    return group


def delete_subnets(self):
    self.elasticache_backend.cache_subnet_groups.pop(self._get_param("CacheSubnetGroupName"), None)
    return ActionResult({})


ElastiCacheResponse.delete_cache_subnet_group = delete_subnets
delete_group_of_cache = ElastiCacheBackend.delete_replication_group
ElastiCacheBackend.delete_replication_group = delete_group
clusters_of_cache = ElastiCacheResponse.describe_cache_clusters
ElastiCacheResponse.describe_cache_clusters = describe_clusters
list_tags_of_cache = ElastiCacheResponse.list_tags_for_resource
ElastiCacheResponse.list_tags_for_resource = tags_of_cache
ElastiCacheResponse.create_cache_parameter_group = create_parameter_group
ElastiCacheResponse.modify_cache_parameter_group = modify_parameter_group
ElastiCacheResponse.describe_cache_parameter_groups = describe_parameter_groups
ElastiCacheResponse.describe_cache_parameters = describe_parameters
ElastiCacheResponse.delete_cache_parameter_group = delete_parameter_group
ApplicationAutoScalingResponse.list_tags_for_resource = lambda self: json.dumps({"Tags": {}})
# Times of pipelines are numbers.
codepipeline.iso_8601_datetime_with_milliseconds = lambda time: time.timestamp()
# A project of a pipeline has its source and its artifacts from there.
codebuild._validate_required_params_source = lambda source: None
codebuild._validate_required_params_artifacts = lambda artifacts: None
codebuild._validate_required_params_environment = lambda environment: None


class Server:
    """moto, with what it lacks before it."""

    def __init__(self):
        self.moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ, start_response):
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        if "CodeStar_connections" in target or "CodeConnections" in target:
            asked = json.loads(Request(environ).get_data() or b"{}")
            answer = connection(target.rsplit(".", 1)[1], asked)
            status = 200 if answer is not None else 400
            body = answer if answer is not None else {"__type": "ResourceNotFoundException", "message": "no such connection"}
            return Response(json.dumps(body), status, content_type="application/x-amz-json-1.0")(environ, start_response)
        return self.moto(environ, start_response)


def main(port):
    server = make_server("127.0.0.1", port, Server(), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    at = {"endpoint_url": f"http://127.0.0.1:{port}", "region_name": REGION, "aws_access_key_id": "testing",
          "aws_secret_access_key": "testing"}
    certificate = boto3.client("acm", **at).request_certificate(DomainName="api.example.com")["CertificateArn"]
    secret = boto3.client("secretsmanager", **at).create_secret(Name="store", SecretString="mongodb://db/shop")["ARN"]
    print(json.dumps({"region": REGION, "certificate_arn": certificate, "store_secret_arn": secret,
                      "repository": "example/shop", "alarm_email": "ops@example.com"}), flush=True)
    threading.Event().wait()


main(int(sys.argv[1]))
