/** The scenarios by name, loaded when they run. */
import type { Figure } from "./harness/Figure.ts"

/** Measures; quickly, with fewer rounds and calls. */
export interface Scenario {
  readonly run: (isQuick: boolean) => Promise<ReadonlyArray<Figure>>
}

export const scenarios = {
  agent: () => import("./agent/scenario.ts"),
  batch: () => import("./batch/scenario.ts"),
  cache: () => import("./cache/scenario.ts"),
  claims: () => import("./claims/scenario.ts"),
  cli: () => import("./cli/scenario.ts"),
  "cold-start": () => import("./coldStart/scenario.ts"),
  faults: () => import("./faults/scenario.ts"),
  growth: () => import("./growth/scenario.ts"),
  journal: () => import("./swarm/journal/scenario.ts"),
  retry: () => import("./retry/scenario.ts"),
  stack: () => import("./stack/scenario.ts"),
  simulate: () => import("./simulate/scenario.ts"),
  swarm: () => import("./swarm/scenario.ts"),
  telemetry: () => import("./telemetry/scenario.ts"),
  transport: () => import("./transport/scenario.ts")
} satisfies Record<string, () => Promise<Scenario>>

export type ScenarioName = keyof typeof scenarios

export const isScenario = (name: string): name is ScenarioName => Object.hasOwn(scenarios, name)
