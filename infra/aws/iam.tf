# Who may do what. Every role is for one thing, and names what it may touch; `*` stands only where AWS has no narrower name,
# and the statement says so by its id, Anywhere.

data "aws_iam_policy_document" "assume" {
  for_each = {
    ec2       = "ec2.amazonaws.com"
    task      = "ecs-tasks.amazonaws.com"
    build     = "codebuild.amazonaws.com"
    pipeline  = "codepipeline.amazonaws.com"
    scheduler = "scheduler.amazonaws.com"
  }

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = [each.value]
    }

    # A service acts for this account, and not for another that knows the role's name; instances have no source account.
    dynamic "condition" {
      for_each = each.key == "ec2" ? [] : [local.account]

      content {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [condition.value]
      }
    }
  }
}

# Instances: what the ECS agent needs, as AWS keeps it.
resource "aws_iam_role" "instance" {
  name               = "${var.name}-instance"
  assume_role_policy = data.aws_iam_policy_document.assume["ec2"].json
}

resource "aws_iam_role_policy_attachment" "instance" {
  role       = aws_iam_role.instance.name
  policy_arn = "${local.arn}:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role"
}

resource "aws_iam_instance_profile" "instance" {
  name = "${var.name}-instance"
  role = aws_iam_role.instance.name
}

# What ECS does before a container starts: the image, the secrets, the log.
resource "aws_iam_role" "execution" {
  name               = "${var.name}-execution"
  assume_role_policy = data.aws_iam_policy_document.assume["task"].json
}

data "aws_iam_policy_document" "execution" {
  statement {
    sid       = "Anywhere"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid       = "Image"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = [aws_ecr_repository.this.arn]
  }

  statement {
    sid       = "Secrets"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [aws_secretsmanager_secret.cache.arn, var.store_secret_arn]
  }

  statement {
    sid       = "Decrypt"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.this.arn]
  }

  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this["tasks"].arn}:*"]
  }
}

resource "aws_iam_role_policy" "execution" {
  name   = "execution"
  role   = aws_iam_role.execution.id
  policy = data.aws_iam_policy_document.execution.json
}

# The program itself: nothing, but for its sinks of events.
resource "aws_iam_role" "task" {
  name               = "${var.name}-task"
  assume_role_policy = data.aws_iam_policy_document.assume["task"].json
}

data "aws_iam_policy_document" "task" {
  count = length(var.queue_arns) > 0 ? 1 : 0

  statement {
    sid       = "Sinks"
    actions   = ["sqs:SendMessage", "sqs:GetQueueAttributes"]
    resources = var.queue_arns
  }
}

resource "aws_iam_role_policy" "task" {
  count  = length(var.queue_arns) > 0 ? 1 : 0
  name   = "task"
  role   = aws_iam_role.task.id
  policy = data.aws_iam_policy_document.task[0].json
}

# Imports begin at their time.
resource "aws_iam_role" "scheduler" {
  count              = var.import_schedule == null ? 0 : 1
  name               = "${var.name}-scheduler"
  assume_role_policy = data.aws_iam_policy_document.assume["scheduler"].json
}

data "aws_iam_policy_document" "scheduler" {
  statement {
    sid       = "Import"
    actions   = ["ecs:RunTask", "ecs:TagResource"]
    resources = ["${aws_ecs_task_definition.import.arn_without_revision}:*", "${local.arn}:ecs:${var.region}:${local.account}:task/${var.name}/*"]

    condition {
      test     = "ArnEqualsIfExists"
      variable = "ecs:cluster"
      values   = [aws_ecs_cluster.this.arn]
    }
  }

  statement {
    sid       = "Roles"
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.execution.arn, aws_iam_role.task.arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "scheduler" {
  count  = var.import_schedule == null ? 0 : 1
  name   = "scheduler"
  role   = aws_iam_role.scheduler[0].id
  policy = data.aws_iam_policy_document.scheduler.json
}

# Builds: each with its log, its artifacts, its source, and what is its own.
resource "aws_iam_role" "build" {
  for_each           = local.builds
  name               = "${var.name}-build-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.assume["build"].json
}

data "aws_iam_policy_document" "build" {
  for_each = local.builds

  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this["builds"].arn}:*"]
  }

  statement {
    sid       = "Artifacts"
    actions   = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]
    resources = ["${aws_s3_bucket.artifacts.arn}/*"]
  }

  statement {
    sid       = "Encrypt"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.this.arn]
  }

  statement {
    sid       = "Source"
    actions   = ["codestar-connections:UseConnection", "codeconnections:UseConnection"]
    resources = [aws_codestarconnections_connection.this.arn]
  }

  dynamic "statement" {
    for_each = length(each.value.registry) > 0 ? ["ecr:GetAuthorizationToken"] : []

    content {
      sid       = "Anywhere"
      actions   = [statement.value]
      resources = ["*"]
    }
  }

  dynamic "statement" {
    for_each = length(each.value.registry) > 0 ? [each.value.registry] : []

    content {
      sid       = "Registry"
      actions   = statement.value
      resources = [aws_ecr_repository.this.arn]
    }
  }
}

resource "aws_iam_role_policy" "build" {
  for_each = local.builds
  name     = "build"
  role     = aws_iam_role.build[each.key].id
  policy   = data.aws_iam_policy_document.build[each.key].json
}

# The pipeline: hands its source to its builds, and the image to ECS.
resource "aws_iam_role" "pipeline" {
  name               = "${var.name}-pipeline"
  assume_role_policy = data.aws_iam_policy_document.assume["pipeline"].json
}

data "aws_iam_policy_document" "pipeline" {
  statement {
    sid       = "Source"
    actions   = ["codestar-connections:UseConnection", "codeconnections:UseConnection"]
    resources = [aws_codestarconnections_connection.this.arn]
  }

  statement {
    sid       = "Artifacts"
    actions   = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:GetBucketVersioning"]
    resources = [aws_s3_bucket.artifacts.arn, "${aws_s3_bucket.artifacts.arn}/*"]
  }

  statement {
    sid       = "Encrypt"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.this.arn]
  }

  statement {
    sid       = "Builds"
    actions   = ["codebuild:BatchGetBuilds", "codebuild:StartBuild"]
    resources = [for build in aws_codebuild_project.this : build.arn]
  }

  statement {
    sid       = "Service"
    actions   = ["ecs:DescribeServices", "ecs:UpdateService"]
    resources = [aws_ecs_service.this.id]
  }

  statement {
    sid       = "Tasks"
    actions   = ["ecs:DescribeTasks", "ecs:ListTasks"]
    resources = ["${local.arn}:ecs:${var.region}:${local.account}:task/${var.name}/*", "${local.arn}:ecs:${var.region}:${local.account}:container-instance/${var.name}/*"]
  }

  # Revisions have no names before they are registered, and describing them takes none.
  statement {
    sid       = "Anywhere"
    actions   = ["ecs:DescribeTaskDefinition", "ecs:RegisterTaskDefinition"]
    resources = ["*"]
  }

  statement {
    sid       = "Tag"
    actions   = ["ecs:TagResource"]
    resources = ["${aws_ecs_task_definition.server.arn_without_revision}:*"]
  }

  statement {
    sid       = "Roles"
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.execution.arn, aws_iam_role.task.arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "pipeline" {
  name   = "pipeline"
  role   = aws_iam_role.pipeline.id
  policy = data.aws_iam_policy_document.pipeline.json
}
