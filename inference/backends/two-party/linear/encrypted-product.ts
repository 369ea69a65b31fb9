/** x·W for rows that the client knows and a matrix that the server knows: one message each way. */
import { outputBytes } from '../../../crypto/rlwe/packed-layout.js';
import { encryptedBytes, rowMajor } from '../../../crypto/rlwe/packed-product.js';
import type { RowShares } from './linear-protocols.js';
import type { PreparedWeight } from './prepared-weight.js';
import { type ProductSession, uniformWords } from './product-session.js';

/** Shares of x1·W [rows, outputs], x1 known to the client: the mask at the server, x1·W minus the mask at the client. */
export async function encryptedProduct(
  { session: { channel, random }, role, layoutOf }: ProductSession,
  x: RowShares,
  w: PreparedWeight,
): Promise<BigUint64Array> {
  const { rows, ringBits } = x;
  const { inputs, outputs, weightBits, normBits } = w;
  const layout = layoutOf({ batch: 1, rows, inputs, outputs, ringBits, weightBits, normBits });
  const strides = rowMajor(rows, outputs);
  if (role.party === 'client') {
    channel.send(await role.encryptor.encrypt(layout, { data: x.data, strides: rowMajor(rows, inputs) }));
    const share = { data: new BigUint64Array(rows * outputs), strides };
    await role.decryptor.decrypt(layout, await channel.receive(outputBytes(layout)), share);
    return share.data;
  }
  const mask = uniformWords(random, rows * outputs, ringBits);
  const weights = { data: w.matrix!, bits: 16, strides: rowMajor(inputs, outputs) };
  const message = await channel.receive(encryptedBytes(layout));
  channel.send(await role.evaluator.multiply(layout, message, weights, { data: mask, strides }));
  return mask;
}
