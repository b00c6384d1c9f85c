/**
 * The health of a client: as a whole, and of each component.
 *
 * All of it may be served by a public health route: it contains no keys, no
 * prompts and no text of the host.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"

/** An instant, ISO 8601 in JSON; the format is for OpenAPI. */
const Timestamp = Schema.String.annotate({ format: "date-time" }).pipe(
  Schema.decodeTo(Schema.DateTimeUtc, SchemaTransformation.dateTimeUtcFromString)
)

/**
 * - `healthy`: all is in order.
 * - `degraded`: calls succeed, and an operator should check the component.
 * - `unhealthy`: calls fail.
 *
 * @category schemas
 * @since 0.1.0
 */
export const HealthStatus = Schema.Literals(["healthy", "degraded", "unhealthy"])

/**
 * @category models
 * @since 0.1.0
 */
export type HealthStatus = typeof HealthStatus.Type

/**
 * The effect of an unhealthy component on the whole.
 *
 * - `required`: the whole is unhealthy.
 * - `alternative`: its account is unusable; the whole is unhealthy when no account
 *   is usable.
 * - `supporting`: the whole is degraded.
 *
 * @category schemas
 * @since 0.1.0
 */
export const HealthRole = Schema.Literals(["required", "alternative", "supporting"])

/**
 * @category models
 * @since 0.1.0
 */
export type HealthRole = typeof HealthRole.Type

/**
 * The result of a health check.
 *
 * @category schemas
 * @since 0.1.0
 */
export const HealthCheckResult = Schema.Struct({
  status: HealthStatus,
  /** The reason as one word, for programs: `Ok`, `Timeout`, the tag of an error, … */
  code: Schema.NonEmptyString,
  /** The reason in one sentence, for people. */
  message: Schema.String,
  /** Further figures, for programs. */
  details: Schema.optionalKey(
    Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Finite, Schema.Boolean]))
  )
})

/**
 * @category models
 * @since 0.1.0
 */
export type HealthCheckResult = typeof HealthCheckResult.Type

/**
 * One component. The pair of name and account is unique.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ComponentHealth = Schema.Struct({
  /** The name, such as `host`, `balance`, `breaker`. */
  name: Schema.String,
  /** The account of the component, where there may be several. */
  account: Schema.optionalKey(Schema.String),
  role: HealthRole,
  ...HealthCheckResult.fields,
  /** The start of the check; a result that is kept for a time is older than the report. */
  checkedAt: Timestamp,
  /** The duration of the check in milliseconds. */
  latencyMillis: Schema.Finite,
  /** The time of the last change of status. */
  since: Timestamp,
  /** The time of the last check that found it healthy or degraded; absent if there is none. */
  lastSuccess: Schema.optionalKey(Timestamp)
}).annotate({ identifier: "ComponentHealth", title: "Health of one component" })

/**
 * @category models
 * @since 0.1.0
 */
export type ComponentHealth = typeof ComponentHealth.Type

/**
 * The overall health, and the components in the order of their checks.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SystemHealth = Schema.Struct({
  status: HealthStatus,
  checkedAt: Timestamp,
  components: Schema.Array(ComponentHealth)
}).annotate({ identifier: "SystemHealth", title: "Health of the client" })

/**
 * @category models
 * @since 0.1.0
 */
export type SystemHealth = typeof SystemHealth.Type
