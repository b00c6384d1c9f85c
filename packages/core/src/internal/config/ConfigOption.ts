/**
 * One option as a row of the table: its form, its default, and when a change
 * takes effect. What it does is described in a second table next to it, because
 * only documentation and commands read that, and a bundle of a program that does
 * not is shorter without it. The values of `KimiConfig`, their defaults,
 * `docs/configuration.md` and the flags of a command derive from both.
 *
 * @since 0.1.0
 */
import type { Decoded, OptionForm } from "./OptionForm.ts"

/**
 * When a change of the configuration takes effect: `in place` for the calls
 * that begin after it, `restart` when the client is built again.
 *
 * @category models
 * @since 0.1.0
 */
export type ReloadMode = "in place" | "restart"

/**
 * @category models
 * @since 0.1.0
 */
export interface ConfigOption<A, Input = A, Default extends A | undefined = A> extends OptionForm<A, Input> {
  readonly default: Default
  /** What the option belongs to. */
  readonly group: string
  readonly reload: ReloadMode
}

/**
 * What an option does, for people.
 *
 * @category models
 * @since 0.1.0
 */
export interface Text {
  readonly description: string
  /** The default in words, where it depends on something else. */
  readonly defaultText?: string | undefined
}

/**
 * The texts of a group.
 *
 * @category models
 * @since 0.1.0
 */
export type Texts<Name extends string> = { readonly [N in Name]: Text }

/**
 * The type of an option's value.
 *
 * @category types
 * @since 0.1.0
 */
export type Value<Row> = Row extends {
  readonly default: infer D
  readonly fromSource: (found: unknown) => Decoded<infer A>
}
  ? A | D
  : never

/**
 * The type of what code may give for an option.
 *
 * @category types
 * @since 0.1.0
 */
export type Input<Row> = Row extends { readonly Input?: infer I } ? Exclude<I, undefined> : never

/** The columns of a row next to its form. */
interface Columns {
  /** Where it differs from the group's. */
  readonly reload?: ReloadMode | undefined
}

/** Makes the rows of a group. An option without a default is `undefined` where it is not given. */
interface RowMaker {
  <A, Input>(form: OptionForm<A, Input>, columns: Columns & { readonly default: NoInfer<A> }): ConfigOption<A, Input>
  <A, Input>(form: OptionForm<A, Input>, columns?: Columns): ConfigOption<A, Input, undefined>
}

/**
 * A function that makes the rows of a group.
 *
 * @category constructors
 * @since 0.1.0
 */
export const inGroup = (group: string, reload: ReloadMode): RowMaker => {
  function row<A, Input>(
    form: OptionForm<A, Input>,
    columns: Columns & { readonly default: NoInfer<A> }
  ): ConfigOption<A, Input>
  function row<A, Input>(form: OptionForm<A, Input>, columns?: Columns): ConfigOption<A, Input, undefined>
  function row<A, Input>(
    form: OptionForm<A, Input>,
    { default: value, reload: own = reload }: Columns & { readonly default?: A | undefined } = {}
  ): ConfigOption<A, Input, A | undefined> {
    return { ...form, default: value, group, reload: own }
  }
  return row
}
