# Every merge to the branch: checks, one image, the deployment, a smoke load. If the deployment or the load fails, the last
# image that passed both is deployed again.

locals {
  # The image that builds run in has the processor of the servers.
  build_environment = var.architecture == "arm64" ? {
    type = "ARM_CONTAINER", image = "aws/codebuild/amazonlinux-aarch64-standard:3.0"
    } : {
    type = "LINUX_CONTAINER", image = "aws/codebuild/amazonlinux-x86_64-standard:5.0"
  }
  push = [
    "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:GetDownloadUrlForLayer",
    "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
  ]
  builds = {
    check = { compute = "BUILD_GENERAL1_LARGE", minutes = 120, docker = true, registry = [], variables = {} }
    image = {
      compute   = "BUILD_GENERAL1_LARGE", minutes = 60, docker = true, registry = local.push
      variables = { REPOSITORY = aws_ecr_repository.this.repository_url, PLATFORMS = "linux/arm64,linux/amd64" }
    }
    smoke = {
      compute   = "BUILD_GENERAL1_SMALL", minutes = 15, docker = true, registry = ["ecr:BatchGetImage", "ecr:PutImage"]
      variables = { REPOSITORY = aws_ecr_repository.this.repository_url, API = "https://${aws_lb.this.dns_name}" }
    }
  }
}

# Made pending: somebody has to let it into GitHub once, in the console.
resource "aws_codestarconnections_connection" "this" {
  name          = var.name
  provider_type = "GitHub"
}

resource "aws_s3_bucket" "artifacts" {
  bucket        = "${var.name}-artifacts-${local.account}-${var.region}"
  force_destroy = true
}

resource "aws_s3_bucket_public_access_block" "artifacts" {
  bucket                  = aws_s3_bucket.artifacts.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "artifacts" {
  bucket = aws_s3_bucket.artifacts.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.this.arn
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "artifacts" {
  bucket = aws_s3_bucket.artifacts.id

  rule {
    id     = "expire"
    status = "Enabled"
    filter {}

    expiration {
      days = 30
    }
  }
}

resource "aws_s3_bucket_policy" "artifacts" {
  bucket = aws_s3_bucket.artifacts.id
  policy = data.aws_iam_policy_document.tls["artifacts"].json
}

resource "aws_codebuild_project" "this" {
  for_each       = local.builds
  name           = "${var.name}-${each.key}"
  service_role   = aws_iam_role.build[each.key].arn
  build_timeout  = each.value.minutes
  encryption_key = aws_kms_key.this.arn

  source {
    type      = "CODEPIPELINE"
    buildspec = "infra/aws/pipeline/${each.key}.yml"
  }

  artifacts {
    type = "CODEPIPELINE"
  }

  cache {
    type  = "LOCAL"
    modes = ["LOCAL_SOURCE_CACHE", "LOCAL_DOCKER_LAYER_CACHE"]
  }

  environment {
    type            = local.build_environment.type
    image           = local.build_environment.image
    compute_type    = each.value.compute
    privileged_mode = each.value.docker

    dynamic "environment_variable" {
      for_each = each.value.variables

      content {
        name  = environment_variable.key
        value = environment_variable.value
      }
    }
  }

  logs_config {
    cloudwatch_logs {
      group_name = aws_cloudwatch_log_group.this["builds"].name
    }
  }
}

resource "aws_codepipeline" "this" {
  name           = var.name
  role_arn       = aws_iam_role.pipeline.arn
  pipeline_type  = "V2"
  execution_mode = "QUEUED"

  artifact_store {
    location = aws_s3_bucket.artifacts.bucket
    type     = "S3"

    encryption_key {
      id   = aws_kms_key.this.arn
      type = "KMS"
    }
  }

  trigger {
    provider_type = "CodeStarSourceConnection"

    git_configuration {
      source_action_name = "Source"

      push {
        branches {
          includes = [var.branch]
        }
      }
    }
  }

  stage {
    name = "Source"

    action {
      name             = "Source"
      category         = "Source"
      owner            = "AWS"
      provider         = "CodeStarSourceConnection"
      version          = "1"
      output_artifacts = ["source"]

      configuration = {
        ConnectionArn    = aws_codestarconnections_connection.this.arn
        FullRepositoryId = var.repository
        BranchName       = var.branch
        # With the history: the program tells the commit that it is built from.
        OutputArtifactFormat = "CODEBUILD_CLONE_REF"
      }
    }
  }

  dynamic "stage" {
    for_each = [
      { name = "Check", build = "check", output = [] },
      { name = "Image", build = "image", output = ["image"] },
    ]

    content {
      name = stage.value.name

      action {
        name             = stage.value.name
        category         = "Build"
        owner            = "AWS"
        provider         = "CodeBuild"
        version          = "1"
        input_artifacts  = ["source"]
        output_artifacts = stage.value.output
        configuration    = { ProjectName = aws_codebuild_project.this[stage.value.build].name }
      }
    }
  }

  stage {
    name = "Deploy"

    on_failure {
      result = "ROLLBACK"
    }

    action {
      name            = "Service"
      category        = "Deploy"
      owner           = "AWS"
      provider        = "ECS"
      version         = "1"
      run_order       = 1
      input_artifacts = ["image"]

      configuration = {
        ClusterName       = aws_ecs_cluster.this.name
        ServiceName       = aws_ecs_service.this.name
        FileName          = "imagedefinitions.json"
        DeploymentTimeout = "30"
      }
    }

    action {
      name            = "Smoke"
      category        = "Test"
      owner           = "AWS"
      provider        = "CodeBuild"
      version         = "1"
      run_order       = 2
      input_artifacts = ["source", "image"]

      configuration = {
        ProjectName   = aws_codebuild_project.this["smoke"].name
        PrimarySource = "source"
      }
    }
  }
}

# A run that fails is told by mail.
resource "aws_cloudwatch_event_rule" "pipeline" {
  name        = "${var.name}-pipeline-failed"
  description = "A run of the pipeline that failed"
  event_pattern = jsonencode({
    source      = ["aws.codepipeline"]
    detail-type = ["CodePipeline Pipeline Execution State Change"]
    detail      = { pipeline = [aws_codepipeline.this.name], state = ["FAILED"] }
  })
}

resource "aws_cloudwatch_event_target" "pipeline" {
  rule = aws_cloudwatch_event_rule.pipeline.name
  arn  = aws_sns_topic.alarms.arn
}
