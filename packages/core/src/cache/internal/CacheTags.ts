/**
 * The tags of an entry: those of its call, and its model.
 *
 * @since 0.1.0
 */

/**
 * The tag for a name from a caller.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ofName = (name: string): string => `tag:${name}`

/**
 * The tag for a model.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ofModel = (model: string): string => `model:${model}`

/**
 * All tags of an entry, each once.
 *
 * @category constructors
 * @since 0.1.0
 */
export const of = (model: string, names: ReadonlyArray<string>): ReadonlyArray<string> =>
  names.length === 0 ? [ofModel(model)] : [...new Set([ofModel(model), ...names.map(ofName)])]
