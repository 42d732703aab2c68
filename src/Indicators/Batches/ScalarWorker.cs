using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Batches;

/// <summary>The batch without SIMD: stock after stock through the series path. Also computes the stocks that have gaps.</summary>
internal sealed class ScalarWorker(Indicator[] indicators) : BatchWorker
{
    const int MaxOutputs = 4;
    readonly KernelRunner<Lane1>[] _runners = [.. indicators.Select(i => i.CreateRunner<Lane1>())];
    readonly double[][] _scratch = [.. Enumerable.Repeat(Array.Empty<double>(), MaxOutputs)];

    public override void Run(BatchTask task, int from, int to)
    {
        for (var stock = from; stock < to; stock++)
        {
            var output = 0;
            for (var i = 0; i < indicators.Length; i++)
            {
                Run(task, i, output, stock);
                output += indicators[i].Descriptor.Outputs.Count;
            }
        }
    }

    /// <summary>One indicator of one stock; <paramref name="output"/> is the index of its first output.</summary>
    public void Run(BatchTask task, int indicator, int output, int stock)
    {
        var count = task.Counts[stock];
        var outputs = indicators[indicator].Descriptor.Outputs.Count;
        SeriesDriver.Run(
            indicators[indicator],
            _runners[indicator],
            task.Bars.Slice(stock, count),
            new SeriesOutputs(Target(task, output, 0, outputs, stock), Target(task, output, 1, outputs, stock), Target(task, output, 2, outputs, stock), Target(task, output, 3, outputs, stock)));
        for (var k = 0; k < outputs; k++)
        {
            if (task.Last is { } last)
            {
                last[stock][output + k] = count == 0 ? double.NaN : _scratch[k][count - 1];
            }
            else
            {
                task.Outputs![output + k][stock][count..].Fill(double.NaN);
            }
        }
    }

    Span<double> Target(BatchTask task, int output, int k, int outputs, int stock)
    {
        var count = task.Counts[stock];
        if (k >= outputs)
        {
            return default;
        }

        if (task.Last is null)
        {
            return task.Outputs![output + k][stock][..count];
        }

        if (_scratch[k].Length < count)
        {
            _scratch[k] = new double[count];
        }

        return _scratch[k].AsSpan(0, count);
    }
}
