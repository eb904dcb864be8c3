// Loaded into a build (node --import) in place of a machine whose clock is wrong: 400 days and some hours ahead.
const AHEAD = 400 * 86_400_000 + 12_345_678;
const RealDate = Date;

globalThis.Date = class extends RealDate {
  /** @param {unknown[]} args */
  constructor(...args) {
    super(...(args.length === 0 ? [RealDate.now() + AHEAD] : /** @type {[number]} */ (args)));
  }
  static now() {
    return RealDate.now() + AHEAD;
  }
};
