/** The options of the service itself, from its environment. Those of the client are `KIMI_…` and the files. */
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

/** Every variable that the service reads, in addition to those of the client. */
export const variables = {
  host: "SERVICE_HOST",
  port: "SERVICE_PORT",
  operationsPort: "SERVICE_OPERATIONS_PORT",
  tenants: "SERVICE_TENANTS",
  configFile: "SERVICE_CONFIG_FILE",
  secretFile: "SERVICE_SECRET_FILE",
  drainDelay: "SERVICE_DRAIN_DELAY",
  drainTimeout: "SERVICE_DRAIN_TIMEOUT"
} as const

export const defaults = {
  host: "0.0.0.0",
  port: 8080,
  operationsPort: 9464,
  drainDelay: Duration.zero,
  drainTimeout: Duration.seconds(20)
}

/** A name that is safe in labels of metrics and scopes of budgets. */
const TenantName = Schema.String.check(Schema.isPattern(/^[a-z][a-z0-9-]{0,31}$/))
const Token = Schema.Redacted(Schema.String.check(Schema.isMinLength(16)))

const config = Config.all({
  host: Config.String(variables.host).pipe(Config.withDefault(defaults.host)),
  /** The port of the API and the page. */
  port: Config.Port(variables.port).pipe(Config.withDefault(defaults.port)),
  /** The port of health and metrics, which must not be public: they show accounts and costs. */
  operationsPort: Config.Port(variables.operationsPort).pipe(Config.withDefault(defaults.operationsPort)),
  /** The token of each tenant: `acme=…,globex=…`. */
  tenants: Config.Record(TenantName, Token, variables.tenants),
  /** A JSON document with the options of the client, which is followed. */
  configFile: Config.option(Config.String(variables.configFile)),
  /** A file of `NAME=value` lines with the API key, which is followed. */
  secretFile: Config.option(Config.String(variables.secretFile)),
  /** How long requests are still accepted after SIGTERM, until no load balancer sends any. */
  drainDelay: Config.Duration(variables.drainDelay).pipe(Config.withDefault(defaults.drainDelay)),
  /** How long requests may take to end after that. */
  drainTimeout: Config.Duration(variables.drainTimeout).pipe(Config.withDefault(defaults.drainTimeout))
})

export class ServiceConfig extends Context.Service<ServiceConfig, Config.Success<typeof config>>()(
  "chat-service/ServiceConfig"
) {
  static readonly layer = Layer.effect(this, config)
}
