/** Collects the violations of one call. */
import type { Law, Violation } from "../../../schedule/Violation.ts"

export class Findings {
  readonly found: Array<Violation> = []
  readonly #subject: string

  constructor(subject: string) {
    this.#subject = subject
  }

  add(law: Law, problem: string): void {
    this.found.push({ law, message: `${this.#subject} ${problem}` })
  }
}
