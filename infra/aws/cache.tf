# The cache: two nodes in two zones, of which one takes over from the other. TLS and a token.

resource "aws_elasticache_subnet_group" "this" {
  name       = var.name
  subnet_ids = [for subnet in aws_subnet.private : subnet.id]
}

resource "aws_elasticache_parameter_group" "this" {
  name   = "${var.name}-valkey8"
  family = "valkey8"

  # oponn takes a lost key for a miss, so the least used may go.
  parameter {
    name  = "maxmemory-policy"
    value = "allkeys-lru"
  }
}

resource "aws_security_group" "cache" {
  name        = "${var.name}-cache"
  description = "The cache"
  vpc_id      = aws_vpc.this.id
}

resource "aws_vpc_security_group_ingress_rule" "cache" {
  security_group_id            = aws_security_group.cache.id
  description                  = "Valkey from the tasks"
  referenced_security_group_id = aws_security_group.tasks.id
  ip_protocol                  = "tcp"
  from_port                    = 6379
  to_port                      = 6379
}

# ElastiCache wants its first token from whoever makes it, so Terraform's state has that one. The state never has another:
# rotate it once (README.md), and what the state has opens nothing.
data "aws_secretsmanager_random_password" "cache" {
  password_length     = 64
  exclude_punctuation = true
}

resource "terraform_data" "cache_token" {
  input = data.aws_secretsmanager_random_password.cache.random_password

  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_elasticache_replication_group" "this" {
  replication_group_id       = var.name
  description                = "The cache of ${var.name}"
  engine                     = "valkey"
  engine_version             = "8.0"
  node_type                  = var.cache_node_type
  num_cache_clusters         = 2
  multi_az_enabled           = true
  automatic_failover_enabled = true
  parameter_group_name       = aws_elasticache_parameter_group.this.name
  subnet_group_name          = aws_elasticache_subnet_group.this.name
  security_group_ids         = [aws_security_group.cache.id]
  at_rest_encryption_enabled = true
  transit_encryption_enabled = true
  transit_encryption_mode    = "required"
  auth_token                 = terraform_data.cache_token.output
  # It is a cache: what it loses is read again.
  snapshot_retention_limit = 0
  apply_immediately        = true

  lifecycle {
    ignore_changes = [auth_token, auth_token_update_strategy]
  }
}

resource "aws_secretsmanager_secret" "cache" {
  name       = "${var.name}/cache"
  kms_key_id = aws_kms_key.this.arn
  # Whoever makes it all again wants the name.
  recovery_window_in_days = var.deletable ? 0 : 7
}

resource "aws_secretsmanager_secret_version" "cache" {
  secret_id                = aws_secretsmanager_secret.cache.id
  secret_string_wo         = "rediss://:${terraform_data.cache_token.output}@${aws_elasticache_replication_group.this.primary_endpoint_address}:6379"
  secret_string_wo_version = 1
}
