using System.Runtime.InteropServices;
using Fettle.Indicators;

namespace Fettle.Bench.Rivals.Indicators;

/// <summary>TA-Lib's C library, built by eng/talib.sh: the file that FETTLE_TALIB names, or artifacts/talib/libta_lib.so of the checkout.</summary>
internal sealed unsafe class TaLib
{
    const int Open = 0, High = 1, Low = 2, Close = 3, Volume = 4, Reference = 5;
    const int Integers = 16;

    /// <summary>One function: its inputs, its options (whole numbers and doubles in order), and which output of the indicator each of its outputs is.</summary>
    sealed record Function(string Name, int[] Inputs, object[] Options, int[] Outputs);

    static readonly Dictionary<string, Function[]> Functions = new(StringComparer.Ordinal)
    {
        ["adx"] = [new("ADX", [High, Low, Close], [14], [0]), new("PLUS_DI", [High, Low, Close], [14], [1]), new("MINUS_DI", [High, Low, Close], [14], [2])],
        ["aroon"] = [new("AROON", [High, Low], [14], [0, 1]), new("AROONOSC", [High, Low], [14], [2])],
        ["atr"] = [new("ATR", [High, Low, Close], [14], [0])],
        ["bbands"] = [new("BBANDS", [Close], [20, 2.0, 2.0, 0], [0, 1, 2])],
        ["beta"] = [new("BETA", [Reference, Close], [5], [0])],
        ["cci"] = [new("CCI", [High, Low, Close], [14], [0])],
        ["correl"] = [new("CORREL", [Close, Reference], [30], [0])],
        ["dema"] = [new("DEMA", [Close], [20], [0])],
        ["ema"] = [new("EMA", [Close], [20], [0])],
        ["macd"] = [new("MACD", [Close], [12, 26, 9], [0, 1, 2])],
        ["mfi"] = [new("MFI", [High, Low, Close, Volume], [14], [0])],
        ["minmax"] = [new("MINMAX", [Close], [30], [0, 1])],
        ["mom"] = [new("MOM", [Close], [10], [0])],
        ["natr"] = [new("NATR", [High, Low, Close], [14], [0])],
        ["obv"] = [new("OBV", [Close, Volume], [], [0])],
        ["roc"] = [new("ROC", [Close], [10], [0])],
        ["rsi"] = [new("RSI", [Close], [14], [0])],
        ["sar"] = [new("SAR", [High, Low], [0.02, 0.2], [0])],
        ["sma"] = [new("SMA", [Close], [20], [0])],
        ["stddev"] = [new("STDDEV", [Close], [20, 1.0], [0])],
        ["stoch"] = [new("STOCH", [High, Low, Close], [5, 3, 0, 3, 0], [0, 1])],
        ["stochf"] = [new("STOCHF", [High, Low, Close], [5, 3, 0], [0, 1])],
        ["stochrsi"] = [new("STOCHRSI", [Close], [14, 5, 3, 0], [0, 1])],
        ["tema"] = [new("TEMA", [Close], [20], [0])],
        ["trange"] = [new("TRANGE", [High, Low, Close], [], [0])],
        ["willr"] = [new("WILLR", [High, Low, Close], [14], [0])],
        ["wma"] = [new("WMA", [Close], [20], [0])],
    };

    readonly nint _library;

    TaLib(nint library) => _library = library;

    /// <summary>The library, or null where it is not built or the wide signature of <see cref="Run"/> does not hold.</summary>
    public static TaLib? TryOpen(string folder)
    {
        var file = Environment.GetEnvironmentVariable("FETTLE_TALIB") ?? Path.Combine(folder, "libta_lib.so");
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64 || !NativeLibrary.TryLoad(file, out var library))
        {
            return null;
        }

        return ((delegate* unmanaged<int>)NativeLibrary.GetExport(library, "TA_Initialize"))() == 0 ? new TaLib(library) : null;
    }

    public static bool Has(string indicator) => Functions.ContainsKey(indicator);

    /// <summary>A run of one indicator over any stocks of the market, one after the other, with columns of its own: one for each thread.</summary>
    public TaRun Prepare(string indicator, BarMatrix market) => new(this, indicator, market);

    /// <summary>What one indicator needs to be computed by TA-Lib.</summary>
    internal sealed class TaRun
    {
        readonly SeriesMatrix[] _fields;
        readonly (Function Function, nint Entry, double[] Doubles, nint[] Arguments, double[][] Columns)[] _calls;
        readonly int[] _range = GC.AllocateArray<int>(2, pinned: true);

        public TaRun(TaLib library, string indicator, BarMatrix market)
        {
            _fields = [market.Open, market.High, market.Low, market.Close, market.Volume, market.Reference!];
            _calls = [.. Functions[indicator].Select(f =>
            {
                var columns = f.Outputs.Select(_ => GC.AllocateArray<double>(market.Capacity, pinned: true)).ToArray();
                var arguments = new nint[Integers];
                arguments[1] = market.Capacity - 1;
                var at = 2 + f.Inputs.Length;
                foreach (var option in f.Options.OfType<int>())
                {
                    arguments[at++] = option;
                }

                arguments[at++] = Marshal.UnsafeAddrOfPinnedArrayElement(_range, 0);
                arguments[at++] = Marshal.UnsafeAddrOfPinnedArrayElement(_range, 1);
                foreach (var column in columns)
                {
                    arguments[at++] = Marshal.UnsafeAddrOfPinnedArrayElement(column, 0);
                }

                double[] doubles = [.. f.Options.OfType<double>(), 0, 0, 0];
                return (f, NativeLibrary.GetExport(library._library, "TA_" + f.Name), doubles, arguments, columns);
            })];
        }

        /// <summary>Computes one stock; <paramref name="seen"/> hears each output, its first bar and its values.</summary>
        public void Run(int stock, Action<int, int, ReadOnlySpan<double>>? seen = null)
        {
            foreach (var (function, entry, d, n, columns) in _calls)
            {
                for (var i = 0; i < function.Inputs.Length; i++)
                {
                    // Rows never move in memory.
                    fixed (double* row = _fields[function.Inputs[i]][stock])
                    {
                        n[2 + i] = (nint)row;
                    }
                }

                // Whole numbers and doubles travel in separate registers, so that one wide signature serves every function.
                var call = (delegate* unmanaged<nint, nint, nint, nint, nint, nint, nint, nint, nint, nint, nint, nint, nint, nint, nint, nint, double, double, double, int>)entry;
                var code = call(n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9], n[10], n[11], n[12], n[13], n[14], n[15], d[0], d[1], d[2]);
                if (code != 0)
                {
                    throw new InvalidOperationException($"TA_{function.Name} returned {code}");
                }

                for (var k = 0; seen is not null && k < columns.Length; k++)
                {
                    seen(function.Outputs[k], _range[0], columns[k].AsSpan(0, _range[1]));
                }
            }
        }
    }
}
