# What runs: the task, as Terraform knows it, and the service. The pipeline registers revisions of its own, with the digest
# of the image that it has built.

locals {
  ports = { api = 8080, admin = 9000 }
  # Longer than the longest read (`api.timeout`, 30 seconds): a task from which the load balancer takes its hands ends what
  # it has begun.
  drain = 35
  # oponn needs `server.grace` and up to 17 seconds more to stop; then it is killed.
  stop_timeout = var.grace + 25
  # In the registry; the pipeline puts it there.
  image = "${aws_ecr_repository.this.repository_url}:live"

  environment = {
    OPONN_LISTEN       = "0.0.0.0:${local.ports.api}"
    OPONN_ADMIN_LISTEN = "0.0.0.0:${local.ports.admin}"
  }
  container = {
    image                  = local.image
    essential              = true
    user                   = "10001:10001"
    readonlyRootFilesystem = true
    environment            = [for name in sort(keys(local.environment)) : { name = name, value = local.environment[name] }]
    secrets = [
      { name = "OPONN_CACHE", valueFrom = aws_secretsmanager_secret.cache.arn },
      { name = "OPONN_STORE", valueFrom = var.store_secret_arn },
    ]
    linuxParameters = {
      capabilities       = { add = [], drop = ["ALL"] }
      initProcessEnabled = false
    }
    stopTimeout = local.stop_timeout
    ulimits     = [{ name = "nofile", softLimit = 65536, hardLimit = 65536 }]
    mountPoints = []
    volumesFrom = []
  }
  logging = { for name in ["server", "import"] : name => {
    logDriver = "awslogs"
    options = {
      awslogs-group         = aws_cloudwatch_log_group.this["tasks"].name
      awslogs-region        = var.region
      awslogs-stream-prefix = name
      # A log that is not taken must not hold up requests.
      mode            = "non-blocking"
      max-buffer-size = "4m"
    }
  } }
}

resource "aws_security_group" "tasks" {
  name        = "${var.name}-tasks"
  description = "Servers and imports"
  vpc_id      = aws_vpc.this.id
}

resource "aws_vpc_security_group_ingress_rule" "tasks" {
  for_each                     = local.ports
  security_group_id            = aws_security_group.tasks.id
  description                  = "From the load balancer, ${each.key}"
  referenced_security_group_id = aws_security_group.load_balancer.id
  ip_protocol                  = "tcp"
  from_port                    = each.value
  to_port                      = each.value
}

# MongoDB is wherever the secret says, and importers read whatever loaders name.
resource "aws_vpc_security_group_egress_rule" "tasks" {
  security_group_id = aws_security_group.tasks.id
  description       = "To anywhere"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}

resource "aws_ecs_task_definition" "server" {
  family                   = var.name
  network_mode             = "awsvpc"
  requires_compatibilities = ["EC2"]
  cpu                      = var.task_cpu
  memory                   = var.task_memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = upper(var.architecture)
  }

  container_definitions = jsonencode([merge(local.container, {
    name             = "oponn"
    command          = ["serve"]
    portMappings     = [for name, port in local.ports : { name = name, containerPort = port, hostPort = port, protocol = "tcp" }]
    logConfiguration = local.logging.server
    healthCheck = {
      command     = ["CMD", "oponn", "health"]
      interval    = 10
      timeout     = 5
      retries     = 3
      startPeriod = 60
    }
  })])
}

resource "aws_ecs_service" "this" {
  name                              = var.name
  cluster                           = aws_ecs_cluster.this.id
  task_definition                   = aws_ecs_task_definition.server.arn
  desired_count                     = var.tasks.min
  availability_zone_rebalancing     = "ENABLED"
  propagate_tags                    = "SERVICE"
  enable_ecs_managed_tags           = true
  health_check_grace_period_seconds = 60
  # New tasks come before old ones go.
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200

  capacity_provider_strategy {
    capacity_provider = aws_ecs_capacity_provider.this.name
    weight            = 1
    base              = 0
  }

  network_configuration {
    subnets          = [for subnet in aws_subnet.private : subnet.id]
    security_groups  = [aws_security_group.tasks.id]
    assign_public_ip = false
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.this.arn
    container_name   = "oponn"
    container_port   = local.ports.api
  }

  ordered_placement_strategy {
    type  = "spread"
    field = "attribute:ecs.availability-zone"
  }

  ordered_placement_strategy {
    type  = "spread"
    field = "instanceId"
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  alarms {
    enable      = true
    rollback    = true
    alarm_names = [aws_cloudwatch_metric_alarm.load_balancer["errors"].alarm_name, aws_cloudwatch_metric_alarm.load_balancer["slow"].alarm_name]
  }

  lifecycle {
    # The pipeline's and the scaling's.
    ignore_changes = [task_definition, desired_count]
  }

  depends_on = [aws_lb_listener.https, aws_iam_role_policy.execution, aws_ecs_cluster_capacity_providers.this]
}
