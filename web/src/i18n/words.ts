// What a catalogue must hold: every word of the English one; of a plural at least the last form, and as many more as the language has.

type Plural = '_zero' | '_one' | '_two' | '_few' | '_many' | '_other'
type Stem<Key> = Key extends `${infer Name}${Plural}` ? Name : never
type Whole<T> = {
  [Key in keyof T as Stem<Key> extends never ? Key : Key extends `${string}_other` ? Key : never]: T[Key] extends string
    ? string
    : Words<T[Key]>
}
type More<T> = { [Key in Stem<keyof T> as `${Key}${Plural}`]?: string }

export type Words<T> = Whole<T> & More<T>
