output "load_balancer" {
  description = "What the API's name has to point to (an alias in Route 53, a CNAME elsewhere)."
  value       = aws_lb.this.dns_name
}

output "load_balancer_zone" {
  description = "The load balancer's hosted zone, for an alias in Route 53."
  value       = aws_lb.this.zone_id
}

output "connection" {
  description = "The connection that has to be let into GitHub once, in the console: Developer Tools, Settings, Connections."
  value       = aws_codestarconnections_connection.this.arn
}

output "registry" {
  description = "Where images are pushed to."
  value       = aws_ecr_repository.this.repository_url
}

output "addresses" {
  description = "The addresses from which MongoDB is reached, for Atlas' access list; none with `egress = \"endpoints\"`."
  value       = aws_eip.nat[*].public_ip
}

output "network" {
  description = "For peering with MongoDB's network."
  value       = { vpc = aws_vpc.this.id, cidr = aws_vpc.this.cidr_block, route_table = aws_route_table.private.id }
}
