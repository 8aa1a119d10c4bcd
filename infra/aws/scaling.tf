# Tasks come and go with the load; instances follow them (cluster.tf).

resource "aws_appautoscaling_target" "this" {
  service_namespace  = "ecs"
  resource_id        = "service/${aws_ecs_cluster.this.name}/${aws_ecs_service.this.name}"
  scalable_dimension = "ecs:service:DesiredCount"
  min_capacity       = var.tasks.min
  max_capacity       = var.tasks.max
}

locals {
  scaling = {
    cpu      = { metric = "ECSServiceAverageCPUUtilization", target = 60, label = null }
    requests = { metric = "ALBRequestCountPerTarget", target = var.requests_per_task, label = "${aws_lb.this.arn_suffix}/${aws_lb_target_group.this.arn_suffix}" }
  }
}

resource "aws_appautoscaling_policy" "this" {
  for_each           = local.scaling
  name               = "${var.name}-${each.key}"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  resource_id        = aws_appautoscaling_target.this.resource_id
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value       = each.value.target
    scale_out_cooldown = 60
    scale_in_cooldown  = 300

    predefined_metric_specification {
      predefined_metric_type = each.value.metric
      resource_label         = each.value.label
    }
  }
}
