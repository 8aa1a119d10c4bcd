# Images. What is deployed is named by its digest; `live` is the last image that passed the smoke load.

resource "aws_ecr_repository" "this" {
  name         = var.name
  force_delete = var.deletable
  # `live` moves.
  image_tag_mutability = "MUTABLE"

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "AES256"
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  repository = aws_ecr_repository.this.name
  policy = jsonencode({
    rules = [
      {
        rulePriority = 1
        description  = "The image that runs is kept whatever its age."
        selection    = { tagStatus = "tagged", tagPatternList = ["live"], countType = "imageCountMoreThan", countNumber = 1 }
        action       = { type = "expire" }
      },
      {
        rulePriority = 2
        description  = "So many images can be rolled back to."
        selection    = { tagStatus = "tagged", tagPatternList = ["commit-*"], countType = "imageCountMoreThan", countNumber = 20 }
        action       = { type = "expire" }
      },
      {
        rulePriority = 3
        description  = "What lost its tag."
        selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = 14 }
        action       = { type = "expire" }
      },
    ]
  })
}
