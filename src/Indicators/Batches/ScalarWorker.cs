using Fettle.Indicators.Kernels;
using Fettle.Indicators.Lanes;

namespace Fettle.Indicators.Batches;

/// <summary>The batch without SIMD: stock after stock through the series path. Also computes the stocks that have gaps.</summary>
internal sealed class ScalarWorker
{
    readonly BatchTask _task;
    readonly KernelRunner<Lane1>[] _runners;
    readonly double[][] _scratch;

    public ScalarWorker(BatchTask task)
    {
        _task = task;
        _runners = [.. task.Indicators.Select(i => i.CreateRunner<Lane1>())];
        _scratch = task.Last is null ? [] : [.. Enumerable.Range(0, 4).Select(_ => new double[task.Bars.Capacity])];
    }

    public static void Run(BatchTask task, int from, int to)
    {
        var worker = new ScalarWorker(task);
        for (var stock = from; stock < to; stock++)
        {
            var output = 0;
            for (var i = 0; i < task.Indicators.Length; i++)
            {
                worker.Run(i, output, stock);
                output += task.Indicators[i].Descriptor.Outputs.Count;
            }
        }
    }

    /// <summary>One indicator of one stock; <paramref name="output"/> is the index of its first output.</summary>
    public void Run(int indicator, int output, int stock)
    {
        var count = _task.Counts[stock];
        var bars = _task.Bars.Slice(stock, count);
        var outputs = _task.Indicators[indicator].Descriptor.Outputs.Count;
        SeriesDriver.Run(
            _task.Indicators[indicator],
            _runners[indicator],
            bars,
            new SeriesOutputs(Target(output, 0, outputs, stock), Target(output, 1, outputs, stock), Target(output, 2, outputs, stock), Target(output, 3, outputs, stock)));
        for (var k = 0; k < outputs; k++)
        {
            if (_task.Last is { } last)
            {
                last[stock][output + k] = count == 0 ? double.NaN : _scratch[k][count - 1];
            }
            else
            {
                _task.Outputs![output + k][stock][count..].Fill(double.NaN);
            }
        }
    }

    Span<double> Target(int output, int k, int outputs, int stock)
    {
        var count = _task.Counts[stock];
        return k >= outputs ? default : _task.Last is null ? _task.Outputs![output + k][stock][..count] : _scratch[k].AsSpan(0, count);
    }
}
