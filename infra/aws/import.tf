# `oponn import` at certain times, with the image that runs.

resource "aws_ecs_task_definition" "import" {
  family                   = "${var.name}-import"
  network_mode             = "awsvpc"
  requires_compatibilities = ["EC2"]
  cpu                      = 256
  memory                   = var.task_memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = upper(var.architecture)
  }

  container_definitions = jsonencode([merge(local.container, {
    name             = "oponn"
    command          = ["import"]
    portMappings     = []
    logConfiguration = local.logging.import
  })])
}

resource "aws_scheduler_schedule" "import" {
  count               = var.import_schedule == null ? 0 : 1
  name                = "${var.name}-import"
  description         = "Runs all loaders"
  schedule_expression = var.import_schedule

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_ecs_cluster.this.arn
    role_arn = aws_iam_role.scheduler[0].arn

    ecs_parameters {
      # The newest revision.
      task_definition_arn = aws_ecs_task_definition.import.arn_without_revision
      propagate_tags      = "TASK_DEFINITION"

      capacity_provider_strategy {
        capacity_provider = aws_ecs_capacity_provider.this.name
        weight            = 1
      }

      network_configuration {
        subnets         = [for subnet in aws_subnet.private : subnet.id]
        security_groups = [aws_security_group.tasks.id]
      }
    }

    # A run that could not begin is begun again; one that has failed is told by the rule below, and imports are repeatable.
    retry_policy {
      maximum_retry_attempts       = 3
      maximum_event_age_in_seconds = 3600
    }
  }
}

# An import that ends with anything but success is told by mail.
resource "aws_cloudwatch_event_rule" "import" {
  name        = "${var.name}-import-failed"
  description = "An import that ended without success"
  event_pattern = jsonencode({
    source      = ["aws.ecs"]
    detail-type = ["ECS Task State Change"]
    detail = {
      clusterArn = [aws_ecs_cluster.this.arn]
      group      = ["family:${aws_ecs_task_definition.import.family}"]
      lastStatus = ["STOPPED"]
      containers = { exitCode = [{ "anything-but" = 0 }] }
    }
  })
}

resource "aws_cloudwatch_event_target" "import" {
  rule = aws_cloudwatch_event_rule.import.name
  arn  = aws_sns_topic.alarms.arn
}
