/**
 * How the client is: as a whole, and each part of it.
 *
 * Everything here may be shown to whoever can reach a health route: there are
 * no keys, no prompts and no texts of the host in it.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"

/** An instant, as ISO 8601 in JSON; the format is for OpenAPI. */
const Timestamp = Schema.String.annotate({ format: "date-time" }).pipe(
  Schema.decodeTo(Schema.DateTimeUtc, SchemaTransformation.dateTimeUtcFromString)
)

/**
 * - `healthy`: as it should be.
 * - `degraded`: calls are answered, and somebody should look.
 * - `unhealthy`: calls are not answered.
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
 * What an unhealthy component means for the whole.
 *
 * - `required`: the whole is unhealthy.
 * - `alternative`: its account cannot be used; the whole is unhealthy when no
 *   account can be.
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
 * What a look at a component found.
 *
 * @category schemas
 * @since 0.1.0
 */
export const HealthCheckResult = Schema.Struct({
  status: HealthStatus,
  /** Why, in one word for programs: `Ok`, `Timeout`, the tag of an error, … */
  code: Schema.NonEmptyString,
  /** Why, in one sentence for people. */
  message: Schema.String,
  /** The figures behind it, for programs. */
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
 * One component. Name and account together are unique.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ComponentHealth = Schema.Struct({
  /** Such as `host`, `balance`, `breaker`. */
  name: Schema.String,
  /** The account that it belongs to, where there may be several. */
  account: Schema.optionalKey(Schema.String),
  role: HealthRole,
  ...HealthCheckResult.fields,
  /** When the look began; a look that costs something may be older than the whole. */
  checkedAt: Timestamp,
  /** How long the look took, in milliseconds. */
  latencyMillis: Schema.Finite,
  /** When its status last changed. */
  since: Timestamp,
  /** When a look last found it healthy or degraded; absent if none did. */
  lastSuccess: Schema.optionalKey(Timestamp)
}).annotate({ identifier: "ComponentHealth", title: "Health of one component" })

/**
 * @category models
 * @since 0.1.0
 */
export type ComponentHealth = typeof ComponentHealth.Type

/**
 * The whole, and its components in the order in which they are checked.
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
