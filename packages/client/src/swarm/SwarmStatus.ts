/**
 * The state of a swarm that is recorded in a journal, as any process can read it.
 *
 * @since 0.1.0
 */

/**
 * An agent of a swarm.
 *
 * @category models
 * @since 0.1.0
 */
export interface AgentStatus {
  readonly id: string
  /**
   * `Waiting` before it begins and when its process has ended, `Working` while a process has it, `Done` when it has an
   * outcome, and `Cancelled` when the swarm was cancelled before.
   */
  readonly state: "Waiting" | "Working" | "Done" | "Cancelled"
}

/**
 * The state of a swarm.
 *
 * @category models
 * @since 0.1.0
 */
export interface SwarmStatus {
  readonly id: string
  /**
   * `Running` while a process works on it, `Waiting` for one to continue it,
   * `Finished` when its result is recorded, and `Cancelled`.
   */
  readonly state: "Running" | "Waiting" | "Finished" | "Cancelled"
  /** Its agents in the order in which they were added, the orchestrator first. */
  readonly agents: ReadonlyArray<AgentStatus>
  /** Recorded responses of the model and results of tools. */
  readonly calls: number
}
