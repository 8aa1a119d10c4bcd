# What the plan promises, without an account: `terraform test`.

mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-north-1a", "eu-north-1b", "eu-north-1c"] }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_ssm_parameter" {
    defaults = { value = "ami-0123456789abcdef0" }
  }
  mock_data "aws_secretsmanager_random_password" {
    defaults = { random_password = "0123456789abcdef0123456789abcdef" }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-north-1:123456789012:key/00000000-0000-0000-0000-000000000000" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/any" }
  }
  mock_resource "aws_iam_instance_profile" {
    defaults = { arn = "arn:aws:iam::123456789012:instance-profile/any" }
  }
  mock_resource "aws_lb" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-north-1:123456789012:loadbalancer/app/oponn/1" }
  }
  mock_resource "aws_lb_target_group" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-north-1:123456789012:targetgroup/oponn/1" }
  }
  mock_resource "aws_launch_template" {
    defaults = { id = "lt-0123456789abcdef0", latest_version = 1 }
  }
  mock_resource "aws_autoscaling_group" {
    defaults = { arn = "arn:aws:autoscaling:eu-north-1:123456789012:autoScalingGroup:1:autoScalingGroupName/oponn" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-north-1:123456789012:oponn-alarms" }
  }
  mock_resource "aws_ecs_cluster" {
    defaults = { arn = "arn:aws:ecs:eu-north-1:123456789012:cluster/oponn", id = "arn:aws:ecs:eu-north-1:123456789012:cluster/oponn" }
  }
  mock_resource "aws_ecs_task_definition" {
    defaults = { arn = "arn:aws:ecs:eu-north-1:123456789012:task-definition/oponn:1", arn_without_revision = "arn:aws:ecs:eu-north-1:123456789012:task-definition/oponn" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-north-1:123456789012:log-group:/oponn/any" }
  }
  mock_resource "aws_ecr_repository" {
    defaults = { repository_url = "123456789012.dkr.ecr.eu-north-1.amazonaws.com/oponn" }
  }
}

variables {
  region           = "eu-north-1"
  certificate_arn  = "arn:aws:acm:eu-north-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
  store_secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:store-AbCdEf"
  repository       = "example/shop"
  alarm_email      = "ops@example.com"
  import_schedule  = "cron(0 4 * * ? *)"
  queue_arns       = ["arn:aws:sqs:eu-north-1:123456789012:orders"]
}

run "everything" {
  command = apply

  # Nothing but the load balancer is reached from outside.
  assert {
    condition     = alltrue([for subnet in aws_subnet.private : subnet.map_public_ip_on_launch == false]) && alltrue([for subnet in aws_subnet.public : subnet.map_public_ip_on_launch == false])
    error_message = "Nothing gets a public address by being in a subnet."
  }
  assert {
    condition = alltrue([for rule in concat(
      values(aws_vpc_security_group_ingress_rule.tasks), [aws_vpc_security_group_ingress_rule.cache],
    ) : rule.cidr_ipv4 == null && rule.cidr_ipv6 == null && rule.referenced_security_group_id != null])
    error_message = "Tasks and cache are reached from groups, not from addresses."
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.cache.referenced_security_group_id == aws_security_group.tasks.id
    error_message = "Only tasks reach the cache."
  }
  assert {
    condition     = toset([for rule in aws_vpc_security_group_ingress_rule.load_balancer : rule.from_port]) == toset([80, 443])
    error_message = "The load balancer is reached at 80 and 443."
  }
  assert {
    condition     = toset(aws_ecs_service.this.network_configuration[0].subnets) == toset([for subnet in aws_subnet.private : subnet.id]) && !aws_ecs_service.this.network_configuration[0].assign_public_ip
    error_message = "Tasks are in the private subnets."
  }
  assert {
    condition     = toset(aws_elasticache_subnet_group.this.subnet_ids) == toset([for subnet in aws_subnet.private : subnet.id])
    error_message = "The cache is in the private subnets."
  }
  assert {
    condition     = length(aws_default_security_group.this.ingress) == 0 && length(aws_default_security_group.this.egress) == 0
    error_message = "The network's default group lets nothing through."
  }

  # Encryption everywhere.
  assert {
    condition     = aws_elasticache_replication_group.this.at_rest_encryption_enabled && aws_elasticache_replication_group.this.transit_encryption_enabled && aws_elasticache_replication_group.this.transit_encryption_mode == "required"
    error_message = "The cache is encrypted, on its disks and on the way."
  }
  assert {
    condition     = startswith(aws_secretsmanager_secret_version.cache.secret_id, aws_secretsmanager_secret.cache.id) && aws_secretsmanager_secret_version.cache.secret_string == null
    error_message = "Terraform's state does not have the secret's value."
  }
  assert {
    condition     = alltrue([for group in aws_cloudwatch_log_group.this : group.kms_key_id == aws_kms_key.this.arn]) && aws_sns_topic.alarms.kms_master_key_id == aws_kms_key.this.arn && aws_secretsmanager_secret.cache.kms_key_id == aws_kms_key.this.arn && aws_kms_key.this.enable_key_rotation
    error_message = "Logs, alarms and secrets are encrypted by the key, which rotates."
  }
  assert {
    condition     = tobool(aws_launch_template.this.block_device_mappings[0].ebs[0].encrypted)
    error_message = "Disks are encrypted."
  }
  assert {
    condition     = aws_lb_listener.https.protocol == "HTTPS" && startswith(aws_lb_listener.https.ssl_policy, "ELBSecurityPolicy-TLS13-") && aws_lb_listener.http.default_action[0].type == "redirect"
    error_message = "Clients speak TLS."
  }
  assert {
    condition     = alltrue([for block in [aws_s3_bucket_public_access_block.access_logs, aws_s3_bucket_public_access_block.artifacts] : block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets])
    error_message = "No bucket is public."
  }
  assert {
    condition     = length(aws_s3_bucket_policy.access_logs.policy) > 0 && length(aws_s3_bucket_policy.artifacts.policy) > 0 && alltrue([for policy in data.aws_iam_policy_document.tls : policy.statement[0].effect == "Deny"])
    error_message = "Buckets are spoken with by TLS only."
  }

  # Instances.
  assert {
    condition     = aws_launch_template.this.metadata_options[0].http_tokens == "required" && aws_launch_template.this.metadata_options[0].http_put_response_hop_limit == 1
    error_message = "IMDSv2, and not from containers."
  }
  assert {
    condition     = aws_ecs_capacity_provider.this.auto_scaling_group_provider[0].managed_draining == "ENABLED" && aws_ecs_capacity_provider.this.auto_scaling_group_provider[0].managed_termination_protection == "ENABLED" && aws_autoscaling_group.this.protect_from_scale_in
    error_message = "An instance goes when its tasks have gone."
  }

  # Stops without a failed request.
  assert {
    condition     = local.stop_timeout > var.grace + 17
    error_message = "A task is not killed before oponn can have stopped."
  }
  assert {
    condition     = jsondecode(aws_ecs_task_definition.server.container_definitions)[0].stopTimeout == local.stop_timeout && strcontains(base64decode(aws_launch_template.this.user_data), "ECS_CONTAINER_STOP_TIMEOUT=${local.stop_timeout}s")
    error_message = "Task and agent know how long a stop may take."
  }
  assert {
    condition     = tonumber(aws_lb_target_group.this.deregistration_delay) >= 30
    error_message = "The longest read (api.timeout, 30 s) ends before a task is told to stop."
  }
  assert {
    condition     = aws_lb.this.idle_timeout < 75
    error_message = "The load balancer closes idle connections before oponn does."
  }
  assert {
    condition     = aws_lb_target_group.this.health_check[0].path == "/readyz" && aws_lb_target_group.this.health_check[0].port == "9000" && aws_lb_target_group.this.health_check[0].interval > aws_lb_target_group.this.health_check[0].timeout
    error_message = "The load balancer asks whether a task is ready, where it tells."
  }
  assert {
    condition     = aws_ecs_service.this.deployment_circuit_breaker[0].enable && aws_ecs_service.this.deployment_circuit_breaker[0].rollback && aws_ecs_service.this.alarms[0].rollback && aws_ecs_service.this.deployment_minimum_healthy_percent == 100 && aws_ecs_service.this.desired_count >= 2
    error_message = "A deployment that fails is rolled back, and there are never fewer than two tasks."
  }
  assert {
    condition     = [for stage in aws_codepipeline.this.stage : stage.on_failure[0].result if length(stage.on_failure) > 0] == ["ROLLBACK"]
    error_message = "A smoke load that fails rolls the deployment back."
  }
  assert {
    condition     = [for stage in aws_codepipeline.this.stage : stage.name] == ["Source", "Check", "Image", "Deploy"]
    error_message = "Nothing is deployed that was not checked."
  }

  # The container.
  assert {
    condition = alltrue([for definition in [aws_ecs_task_definition.server, aws_ecs_task_definition.import] : alltrue([
      for container in jsondecode(definition.container_definitions) :
      container.readonlyRootFilesystem && container.user != "0" && contains(container.linuxParameters.capabilities.drop, "ALL")
    ])])
    error_message = "Containers have a read-only root, no root and no capabilities."
  }
  assert {
    condition = alltrue([for container in jsondecode(aws_ecs_task_definition.server.container_definitions) :
      length([for variable in container.environment : variable if contains(["OPONN_STORE", "OPONN_CACHE"], variable.name)]) == 0 && length(container.secrets) == 2
    ])
    error_message = "Addresses with passwords come from the secrets."
  }
  assert {
    condition     = endswith(aws_scheduler_schedule.import[0].target[0].ecs_parameters[0].task_definition_arn, "task-definition/oponn")
    error_message = "Imports run with the newest revision."
  }

  # Least privilege.
  assert {
    condition = alltrue(flatten([for policy in concat(
      [data.aws_iam_policy_document.execution, data.aws_iam_policy_document.scheduler, data.aws_iam_policy_document.pipeline],
      values(data.aws_iam_policy_document.build), data.aws_iam_policy_document.task,
    ) : [for statement in policy.statement : [for action in statement.actions : !strcontains(action, "*")]]]))
    error_message = "No role may do everything of a kind."
  }
  assert {
    condition = alltrue(flatten([for policy in concat(
      [data.aws_iam_policy_document.execution, data.aws_iam_policy_document.scheduler, data.aws_iam_policy_document.pipeline],
      values(data.aws_iam_policy_document.build), data.aws_iam_policy_document.task,
    ) : [for statement in policy.statement : statement.sid == "Anywhere" ? alltrue([for action in statement.actions : contains(["ecr:GetAuthorizationToken", "ecs:RegisterTaskDefinition", "ecs:DescribeTaskDefinition"], action)]) : !contains(statement.resources, "*")]]))
    error_message = "Only what AWS has no names for is allowed anywhere."
  }
  assert {
    condition     = alltrue(flatten([for policy in [data.aws_iam_policy_document.scheduler, data.aws_iam_policy_document.pipeline] : [for statement in policy.statement : length(statement.condition) > 0 if contains(statement.actions, "iam:PassRole")]]))
    error_message = "Roles are passed to tasks only."
  }
}

run "without_extras" {
  command = plan

  variables {
    import_schedule = null
    queue_arns      = []
    egress          = "endpoints"
    architecture    = "x86_64"
    instance_type   = "t3.small"
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 0 && length(aws_eip.nat) == 0 && length(aws_vpc_endpoint.services) == 8
    error_message = "Endpoints instead of the NAT gateway."
  }
  assert {
    condition     = length(aws_scheduler_schedule.import) == 0 && length(aws_iam_role.scheduler) == 0 && length(aws_iam_role_policy.task) == 0
    error_message = "No roles for what there is not."
  }
  assert {
    condition     = aws_ecs_task_definition.server.runtime_platform[0].cpu_architecture == "X86_64" && aws_codebuild_project.this["image"].environment[0].type == "LINUX_CONTAINER"
    error_message = "Servers and builds have the processor that was chosen."
  }
}

run "what_does_not_fit_is_refused" {
  command = plan

  variables {
    name         = "A name that no load balancer can have"
    egress       = "internet"
    architecture = "riscv"
    repository   = "shop"
    tasks        = { min = 1, max = 1 }
  }

  expect_failures = [var.name, var.egress, var.architecture, var.repository, var.tasks]
}
