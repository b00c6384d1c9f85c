/** The key of the fallback plan of a client, which is looked up without loading its implementation. */
import type * as Fallback from "@kimi-effect/core/Fallback"
import type * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type { Stage } from "@kimi-effect/core/Stage"
import * as Context from "effect/Context"
import type { ChatTransport } from "../ChatTransport.ts"
import type { HostApi } from "../HostApi.ts"

// The key names the public module.
// @effect-diagnostics deterministicKeys:off

/**
 * The fallback plan of a client.
 *
 * @category services
 * @since 0.1.0
 */
export class FallbackPlan extends Context.Service<
  FallbackPlan,
  {
    /** Tried in this order after the client's own host. */
    readonly steps: ReadonlyArray<Fallback.Step>
    /** The stage of the pipeline. `check` checks a request for the client's own host. */
    readonly stage: (check: Fallback.Plan["check"]) => Stage
    /** The transport of every account, including the client's own. */
    readonly transports: ReadonlyMap<string, ChatTransport["Service"]>
    /** The host API of every account, including the client's own. */
    readonly hostApis: ReadonlyMap<string, HostApi["Service"]>
    /** The options of every account, including the client's own. */
    readonly configs: ReadonlyMap<string, KimiConfig.Values>
  }
>()("@kimi-effect/client/FallbackPlan") {}
