# For `scripts/deploy-test.sh`, which lays this file beside a copy of infra/aws: AWS is tests/deploy/aws.py at PORT.

provider "aws" {
  access_key              = "testing"
  secret_key              = "testing"
  max_retries             = 1
  s3_use_path_style       = true
  skip_metadata_api_check = true

  endpoints {
    acm                 = "http://127.0.0.1:PORT"
    appautoscaling      = "http://127.0.0.1:PORT"
    autoscaling         = "http://127.0.0.1:PORT"
    cloudwatch          = "http://127.0.0.1:PORT"
    cloudwatchlogs      = "http://127.0.0.1:PORT"
    codebuild           = "http://127.0.0.1:PORT"
    codepipeline        = "http://127.0.0.1:PORT"
    codestarconnections = "http://127.0.0.1:PORT"
    ec2                 = "http://127.0.0.1:PORT"
    ecr                 = "http://127.0.0.1:PORT"
    ecs                 = "http://127.0.0.1:PORT"
    elasticache         = "http://127.0.0.1:PORT"
    elbv2               = "http://127.0.0.1:PORT"
    events              = "http://127.0.0.1:PORT"
    iam                 = "http://127.0.0.1:PORT"
    kms                 = "http://127.0.0.1:PORT"
    s3                  = "http://127.0.0.1:PORT"
    scheduler           = "http://127.0.0.1:PORT"
    secretsmanager      = "http://127.0.0.1:PORT"
    sns                 = "http://127.0.0.1:PORT"
    sqs                 = "http://127.0.0.1:PORT"
    ssm                 = "http://127.0.0.1:PORT"
    sts                 = "http://127.0.0.1:PORT"
  }
}

# What moto takes and does not tell again. That the plan has it right is for infra/aws/tests to say.

resource "aws_vpc_security_group_ingress_rule" "tasks" {
  lifecycle {
    ignore_changes = [description]
  }
}

resource "aws_vpc_security_group_ingress_rule" "cache" {
  lifecycle {
    ignore_changes = [description]
  }
}

resource "aws_vpc_security_group_egress_rule" "load_balancer" {
  lifecycle {
    ignore_changes = [description]
  }
}

resource "aws_launch_template" "this" {
  lifecycle {
    ignore_changes = [tag_specifications]
  }
}

resource "aws_codebuild_project" "this" {
  lifecycle {
    ignore_changes = [encryption_key]
  }
}

resource "aws_appautoscaling_target" "this" {
  lifecycle {
    ignore_changes = [tags_all]
  }
}

resource "aws_ecs_service" "this" {
  lifecycle {
    ignore_changes = [
      task_definition, desired_count, availability_zone_rebalancing, enable_ecs_managed_tags,
      health_check_grace_period_seconds, capacity_provider_strategy, deployment_circuit_breaker, alarms,
      ordered_placement_strategy, propagate_tags, launch_type, deployment_controller, tags, tags_all,
    ]
  }
}
