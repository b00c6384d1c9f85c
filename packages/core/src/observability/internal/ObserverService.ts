/** The key of the observer of clients, which is looked up without loading its implementation. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Metric from "effect/Metric"
import type * as Scope from "effect/Scope"
import type * as Accounting from "../../money/Accounting.ts"
import type { Stages } from "../../pipeline/Pipeline.ts"
import type { Sink } from "../Observer.ts"
import type { ClientServices } from "./ClientServices.ts"
import type { HealthCheck } from "./health/HealthCheck.ts"
import type { CallMetrics } from "./metrics/CallMetrics.ts"
import type { SwarmMetrics } from "./metrics/SwarmMetrics.ts"
import type * as CallTap from "./taps/CallTap.ts"
import type * as Content from "./taps/Content.ts"
import type { ResponseOrigin } from "./taps/RequestAttributes.ts"

// The key names the public module.
// @effect-diagnostics deterministicKeys:off

/**
 * Observes the clients that share it.
 *
 * @category services
 * @since 0.1.0
 */
export class Observer extends Context.Service<
  Observer,
  {
    /** The metrics of calls. */
    readonly metrics: CallMetrics
    /** The metrics of swarms. */
    readonly swarms: SwarmMetrics
    /** The registry that metrics are written to. */
    readonly registry: Metric.MetricRegistry
    readonly content: Content.Options | undefined
    /** Passes a record to every sink. */
    readonly onCall: Sink
    /** Checks of what records are written to. */
    readonly healthChecks: ReadonlyArray<HealthCheck>
    /** An accounting that adds what it records to the metrics, and then to the given accounting or a separate one. */
    readonly observeAccounting: (
      accounting: Accounting.Accounting["Service"] | undefined
    ) => Accounting.Accounting["Service"]
    /** Observes the stages of a client: the built-in ones, and those that users inserted or replaced. */
    readonly observeStages: (stages: Stages, builtIn: Stages) => Stages
    /** Makes the tap around all stages of a client. */
    readonly observeCalls: (origin: ResponseOrigin, options: CallTap.Options) => CallTap.CallTap
    /** Includes the state of a client in the metrics until the scope closes. */
    readonly attach: (services: ClientServices) => Effect.Effect<void, never, Scope.Scope>
    /** Updates the state metrics. */
    readonly collect: Effect.Effect<void>
  }
>()("@kimi-effect/core/observability/Observer") {}
