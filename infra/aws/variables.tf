variable "region" {
  description = "The AWS region."
  type        = string
}

variable "certificate_arn" {
  description = "The certificate (ACM, in the same region) for the name under which clients reach the API."
  type        = string
}

variable "store_secret_arn" {
  description = "The secret whose value is the connection string of MongoDB, mongodb+srv://USER:PASSWORD@HOST/DATABASE. Terraform never reads it."
  type        = string
}

variable "repository" {
  description = "The repository on GitHub that is deployed, as OWNER/NAME."
  type        = string

  validation {
    condition     = can(regex("^[^/\\s]+/[^/\\s]+$", var.repository))
    error_message = "It has to be OWNER/NAME."
  }
}

variable "alarm_email" {
  description = "Who gets the alarms; the first message asks for a confirmation."
  type        = string
}

# What follows has defaults.

variable "name" {
  description = "The name of everything that is made; short, as load balancers allow 32 characters."
  type        = string
  default     = "oponn"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,19}$", var.name))
    error_message = "It has to be 2 to 20 lower-case letters, digits and hyphens, with a letter first."
  }
}

variable "branch" {
  description = "The branch of which every merge is deployed."
  type        = string
  default     = "main"
}

variable "cidr" {
  description = "The addresses of the network; another one where it is peered with a network that has these."
  type        = string
  default     = "10.42.0.0/16"
}

variable "egress" {
  description = "How private subnets reach what is outside: `nat` is one NAT gateway, through which importers reach any host; `endpoints` are endpoints of the AWS services in use, and nothing else is reached."
  type        = string
  default     = "nat"

  validation {
    condition     = contains(["nat", "endpoints"], var.egress)
    error_message = "It has to be nat or endpoints."
  }
}

variable "architecture" {
  description = "The processor of servers and image: arm64 or x86_64."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "It has to be arm64 or x86_64."
  }
}

variable "instance_type" {
  description = "The EC2 instances of the cluster, of that architecture; each task takes a network interface of one."
  type        = string
  default     = "t4g.small"
}

variable "tasks" {
  description = "How many tasks run at least and at most. During a deployment there are twice as many."
  type        = object({ min = number, max = number })
  default     = { min = 2, max = 6 }

  validation {
    condition     = var.tasks.min >= 2 && var.tasks.max >= var.tasks.min
    error_message = "Two tasks at least, one in each zone, and no fewer at most than at least."
  }
}

variable "task_cpu" {
  description = "CPU units of a task; 1024 are one processor."
  type        = number
  default     = 512
}

variable "task_memory" {
  description = "MiB of memory of a task. The setting `memory` of oponn (512 MiB) and about 100 MiB more have to fit."
  type        = number
  default     = 768
}

variable "grace" {
  description = "Seconds that requests under way have to finish, the setting `server.grace` of oponn."
  type        = number
  default     = 20
}

variable "requests_per_task" {
  description = "Requests per minute and task beyond which tasks are added."
  type        = number
  default     = 30000
}

variable "cache_node_type" {
  description = "The two nodes of the cache."
  type        = string
  default     = "cache.t4g.micro"
}

variable "import_schedule" {
  description = "When all loaders are run, such as `cron(0 4 * * ? *)` or `rate(6 hours)`; null for never."
  type        = string
  default     = null
}

variable "queue_arns" {
  description = "Queues of SQS that are sinks of events in oponn's settings."
  type        = list(string)
  default     = []
}

variable "log_days" {
  description = "For how long logs are kept."
  type        = number
  default     = 30
}

variable "slow_seconds" {
  description = "The alarm goes when the slowest 1 % of requests take longer than this."
  type        = number
  default     = 1
}

variable "deletable" {
  description = "Whether `terraform destroy` may take what cannot be made again: the load balancer's name, images and logs. See `Tear down` in README.md."
  type        = bool
  default     = false
}
