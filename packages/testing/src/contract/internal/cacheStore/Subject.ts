/** The store under test. */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Register } from "../../TestRunner.ts"
import type { Store } from "../CacheEntries.ts"

export interface Subject {
  readonly name: string
  readonly location: Effect.Effect<string, unknown, Scope.Scope>
  /** A store at a location. Stores at the same location share their entries. */
  readonly open: (location: string) => Effect.Effect<Store, unknown, Scope.Scope>
  /** A store at a new location. */
  readonly make: Effect.Effect<Store, unknown, Scope.Scope>
  readonly test: Register
}
