# Logs, and alarms by mail.

resource "aws_cloudwatch_log_group" "this" {
  for_each          = toset(["tasks", "builds"])
  name              = "/${var.name}/${each.key}"
  retention_in_days = var.log_days
  kms_key_id        = aws_kms_key.this.arn
  skip_destroy      = !var.deletable
}

resource "aws_sns_topic" "alarms" {
  name              = "${var.name}-alarms"
  kms_master_key_id = aws_kms_key.this.arn
}

resource "aws_sns_topic_subscription" "alarms" {
  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = var.alarm_email
}

data "aws_iam_policy_document" "alarms" {
  statement {
    sid       = "Alarms"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alarms.arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }

  # EventBridge sends to no topic whose policy has a condition for it.
  statement {
    sid       = "Events"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alarms.arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
  }
}

resource "aws_sns_topic_policy" "alarms" {
  arn    = aws_sns_topic.alarms.arn
  policy = data.aws_iam_policy_document.alarms.json
}

locals {
  load_balancer_alarms = {
    errors = {
      description = "More than 1 % of requests fail on the server's side"
      threshold   = 1
      expression  = "IF(requests > 20, 100 * (FILL(targets, 0) + FILL(balancer, 0)) / requests, 0)"
    }
    slow = {
      description = "The slowest 1 % of requests take longer than ${var.slow_seconds} s"
      threshold   = var.slow_seconds
      expression  = "IF(requests > 20, p99, 0)"
    }
  }
  load_balancer_metrics = {
    requests = { name = "RequestCount", statistic = "Sum" }
    targets  = { name = "HTTPCode_Target_5XX_Count", statistic = "Sum" }
    balancer = { name = "HTTPCode_ELB_5XX_Count", statistic = "Sum" }
    p99      = { name = "TargetResponseTime", statistic = "p99" }
  }
  # What oponn says, once, when it begins to read past the cache. `scripts/deploy-check.sh` finds each text in the source.
  log_alarms = {
    distrust = {
      description = "Servers do not trust the cache and read from MongoDB: Redis is away or was away"
      messages    = ["the cache is out of reach and not used", "the cache is not used until it can be trusted again", "the cache is late: reads go past it until it answers"]
    }
    tailer = {
      description = "The tailer is behind: what other programs write to MongoDB is not known, so servers read from there"
      messages    = ["the cache is not read until its tailer has caught up"]
    }
    unsettled = {
      description = "A server stopped without having brought its last writes to the cache: run `oponn cache clear`"
      messages    = ["the cache is out of reach; run `oponn cache clear` as soon as it is back"]
    }
  }
  cache_metrics = {
    cpu    = { metric = "EngineCPUUtilization", threshold = 80, description = "has no processor left" }
    memory = { metric = "DatabaseMemoryUsagePercentage", threshold = 95, description = "is full and evicts; larger nodes keep more" }
  }
  # ElastiCache numbers the nodes of a group.
  cache_alarms = merge([for node in ["001", "002"] : {
    for name, metric in local.cache_metrics : "${name}-${node}" => merge(metric, { node = "${var.name}-${node}" })
  }]...)
}

# Both are the deployment's too: a deployment during which they go is rolled back.
resource "aws_cloudwatch_metric_alarm" "load_balancer" {
  for_each            = local.load_balancer_alarms
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = each.key
    expression  = each.value.expression
    label       = each.value.description
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { for id, metric in local.load_balancer_metrics : id => metric if strcontains(each.value.expression, id) }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/ApplicationELB"
        metric_name = metric_query.value.name
        stat        = metric_query.value.statistic
        period      = 60
        dimensions  = { LoadBalancer = aws_lb.this.arn_suffix }
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "hosts" {
  alarm_name          = "${var.name}-hosts"
  alarm_description   = "Fewer servers are ready than should be"
  namespace           = "AWS/ApplicationELB"
  metric_name         = "HealthyHostCount"
  dimensions          = { LoadBalancer = aws_lb.this.arn_suffix, TargetGroup = aws_lb_target_group.this.arn_suffix }
  statistic           = "Minimum"
  period              = 60
  comparison_operator = "LessThanThreshold"
  threshold           = var.tasks.min
  evaluation_periods  = 5
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  for_each       = local.log_alarms
  name           = "${var.name}-${each.key}"
  log_group_name = aws_cloudwatch_log_group.this["tasks"].name
  pattern        = "{ ${join(" || ", [for message in each.value.messages : "($.message = \"${message}\")"])} }"

  metric_transformation {
    namespace = var.name
    name      = each.key
    value     = "1"
    unit      = "Count"
  }
}

resource "aws_cloudwatch_metric_alarm" "log" {
  for_each            = local.log_alarms
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = var.name
  metric_name         = aws_cloudwatch_log_metric_filter.this[each.key].metric_transformation[0].name
  statistic           = "Sum"
  period              = 60
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "cache" {
  for_each            = local.cache_alarms
  alarm_name          = "${var.name}-cache-${each.key}"
  alarm_description   = "The cache ${each.value.description}"
  namespace           = "AWS/ElastiCache"
  metric_name         = each.value.metric
  dimensions          = { CacheClusterId = each.value.node }
  statistic           = "Average"
  period              = 60
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  evaluation_periods  = 5
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}
