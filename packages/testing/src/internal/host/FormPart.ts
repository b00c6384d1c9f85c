/**
 * One part of a form.
 *
 * @category models
 * @since 0.1.0
 */
export interface FormPart {
  readonly name: string
  /** The name of the file, when the part is one. */
  readonly filename?: string
  readonly contentType?: string
  readonly bytes: Uint8Array
}
