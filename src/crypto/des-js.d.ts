// The part of the package des.js that des.ts uses; it ships no types of its own.
declare module 'des.js' {
  export const DES: {
    create(options: { type: 'encrypt' | 'decrypt'; key: ArrayLike<number>; padding: false }): {
      update(octets: ArrayLike<number>): number[]
    }
  }
}
