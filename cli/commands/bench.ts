/** `bench`: figures of kernels, protocols, whole inferences and training steps on this machine. */
import { type BenchOptions, OPTIONS, POSITIONALS } from '../bench/options.js';
import { defineCommand } from '../command.js';

async function bench(options: BenchOptions): Promise<void> {
  if (options.figures === 'training') {
    const { trainingFigures } = await import('../bench/training.js');
    return trainingFigures(options);
  }
  const { kernelFigures, protocolFigures } = await import('../bench/figures.js');
  if (options.figures === 'kernels') return kernelFigures(options);
  if (options.figures === 'inference') {
    const { inferenceFigures } = await import('../bench/inference.js');
    return inferenceFigures(options);
  }
  if (options.figures === 'scaling') {
    const { scalingFigures } = await import('../bench/scaling.js');
    return scalingFigures(options);
  }
  if (options.figures === 'elimination') {
    const { eliminationFigures } = await import('../bench/elimination.js');
    return eliminationFigures(options);
  }
  if (options.figures === 'service') {
    const { serviceFigures } = await import('../bench/service.js');
    return serviceFigures(options);
  }
  return protocolFigures(options);
}

export const command = defineCommand({
  command: 'bench <figures> [part]',
  describe:
    'Measure kernels, protocols, an inference or a training step with random weights, or a service under load and faults, on this machine',
  positionals: POSITIONALS,
  options: OPTIONS,
  handler: bench,
});
