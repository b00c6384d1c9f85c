/** What the agents of a swarm do now, from their events, as lines of a terminal. */
import type { SwarmEvent } from "@kimi-effect/client/swarm/SwarmEvent"
import type { SwarmResult } from "@kimi-effect/client/swarm/SwarmResult"
import { counted } from "@kimi-effect/core/internal/Counted"
import * as Cost from "@kimi-effect/core/Cost"

/** One agent. */
interface AgentLine {
  readonly id: string
  activity: string
  hasEnded: boolean
  steps: number
  toolCalls: number
  tokens: number
  requeues: number
  /** Its latest activities, the oldest first. */
  readonly recent: Array<string>
}

/** As many agents, and activities of one of them, as fit on a screen. */
const maxAgents = 10
const maxRecent = 6

export class SwarmView {
  readonly #agents = new Map<string, AgentLine>()
  #finished = 0
  #steps = 0
  #cost = ""
  #suspended = ""
  #selected: string | undefined
  #hasDetails = false
  result: SwarmResult | undefined

  #agent(id: string): AgentLine {
    const known = this.#agents.get(id)
    if (known !== undefined) return known
    const agent: AgentLine = {
      id,
      activity: "",
      hasEnded: false,
      steps: 0,
      toolCalls: 0,
      tokens: 0,
      requeues: 0,
      recent: []
    }
    this.#agents.set(id, agent)
    return agent
  }

  #note(id: string, activity: string): AgentLine {
    const agent = this.#agent(id)
    agent.activity = activity
    agent.recent.push(activity)
    if (agent.recent.length > maxRecent) agent.recent.shift()
    return agent
  }

  add(event: SwarmEvent): void {
    switch (event._tag) {
      case "StepStarted":
        this.#steps += 1
        this.#note(event.agent, `step ${event.step}`).steps = event.step
        return
      case "ToolCalled":
        this.#note(event.agent, event.tool).toolCalls += 1
        return
      case "ToolReturned":
        if (event.isFailure) this.#note(event.agent, `${event.tool} failed`)
        return
      case "Spent":
        this.#cost = event.total.map(Cost.format).join(" + ")
        this.#agent(event.agent).tokens += event.usage.total_tokens
        return
      case "Requeued":
        this.#note(event.agent, `waits: ${event.reason}`).requeues += 1
        return
      case "AgentFinished":
        this.#finished += 1
        this.#note(event.agent, event.error ?? event.outcome).hasEnded = true
        return
      default:
        this.#addOfSwarm(event)
    }
  }

  #addOfSwarm(event: SwarmEvent): void {
    if (event._tag === "Suspended") this.#suspended = event.reason
    if (event._tag === "Resumed") this.#suspended = ""
    if (event._tag !== "Finished") return
    this.result = event.result
    this.#selected = undefined
    for (const agent of this.#agents.values()) agent.hasEnded = true
  }

  /** Agents that work or wait, and the one that is selected. */
  #shown(): ReadonlyArray<AgentLine> {
    return [...this.#agents.values()].filter(({ hasEnded, id }) => !hasEnded || id === this.#selected)
  }

  /** Selects the next agent, or with -1 the one before. */
  select(by: 1 | -1): void {
    const shown = this.#shown()
    const index = shown.findIndex(({ id }) => id === this.#selected)
    const next = index === -1 ? (by === 1 ? 0 : shown.length - 1) : Math.min(shown.length - 1, Math.max(0, index + by))
    this.#selected = shown[next]?.id
  }

  /** Shows or hides the details of the agent that is selected. */
  toggle(): void {
    if (this.#selected === undefined) this.select(1)
    this.#hasDetails = !this.#hasDetails
  }

  #details(): ReadonlyArray<string> {
    const agent = this.#selected === undefined ? undefined : this.#agents.get(this.#selected)
    if (!this.#hasDetails || agent === undefined) return []
    const { recent, requeues, steps, tokens, toolCalls } = agent
    const counts = [
      counted(steps, "step"),
      counted(toolCalls, "tool call"),
      counted(tokens, "token"),
      counted(requeues, "return to the queue", "returns to the queue")
    ]
    return [`    ${counts.join(", ")}`, ...recent.map((activity) => `    ${activity}`)]
  }

  /** The counts, and some agents. With keys, one of them can be selected. */
  lines(hasKeys: boolean): ReadonlyArray<string> {
    const shown = this.#shown()
    const working = shown.filter(({ hasEnded }) => !hasEnded).length
    const counts = [`${working} working`, `${this.#finished} finished`, counted(this.#steps, "step")]
    const suspended = this.#suspended === "" ? [] : [`suspended: ${this.#suspended}`]
    const selected = shown.findIndex(({ id }) => id === this.#selected)
    const from = Math.max(0, Math.min(selected - Math.floor(maxAgents / 2), shown.length - maxAgents))
    const agents = shown.slice(from, from + maxAgents).flatMap(({ activity, id }) => {
      const isSelected = id === this.#selected
      return [`${isSelected ? ">" : " "} ${id}: ${activity}`, ...(isSelected ? this.#details() : [])]
    })
    const keys = hasKeys && this.result === undefined ? ["Up, down: select. Enter: details. Ctrl-C: stop"] : []
    return [[...counts, ...suspended, ...(this.#cost === "" ? [] : [this.#cost])].join(", "), ...agents, ...keys]
  }
}
