/** The key of a live configuration, which is looked up without loading its implementation. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { ConfigurationError } from "../../errors/ConfigurationErrors.ts"
import type { Participant } from "./ConfigState.ts"
import type { ReloadEvent } from "../ReloadEvent.ts"
import type * as Settings from "../Settings.ts"

// The key names the public module.
// @effect-diagnostics deterministicKeys:off

/**
 * @category services
 * @since 0.1.0
 */
export class LiveConfig extends Context.Service<
  LiveConfig,
  {
    /** The settings in use. */
    readonly current: Effect.Effect<Settings.Settings>
    /** The reasons why the latest change was rejected; `undefined` if it was applied. */
    readonly rejection: Effect.Effect<ConfigurationError["issues"] | undefined>
    /** Every change from now on, applied or rejected. */
    readonly events: Stream.Stream<ReloadEvent>
    /** Reads the source again. Returns the names of the options that changed. */
    readonly reload: Effect.Effect<ReadonlyArray<string>, ConfigurationError>
    /** Changes options in code, overriding the source. `undefined` restores the option of the source. */
    readonly set: (options: Settings.Options) => Effect.Effect<ReadonlyArray<string>, ConfigurationError>
    /** Registers a participant until the scope closes, starting with the settings in use. */
    readonly register: (participant: Participant) => Effect.Effect<void, ConfigurationError, Scope.Scope>
  }
>()("@kimi-effect/core/reload/LiveConfig") {}
