using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Fettle.Services.Stocks.Features;

/// <summary>Features of many stocks, in the order of their codes: a row each; a stock with too few bars has none.</summary>
internal sealed class FeatureTable(string[] codes)
{
    readonly double[] _values = new double[codes.Length * FeatureNames.Count];
    readonly bool[] _has = new bool[codes.Length];

    public IReadOnlyList<string> Codes => codes;

    /// <summary>Rows that have features.</summary>
    public int Computed => _has.Count(h => h);

    public bool Has(int row) => _has[row];

    /// <summary>The row of a stock that has features.</summary>
    public bool TryFind(string code, out int row)
    {
        row = Array.BinarySearch(codes, code, StringComparer.Ordinal);
        return row >= 0 && _has[row];
    }

    public ReadOnlySpan<double> this[int row] => _values.AsSpan(row * FeatureNames.Count, FeatureNames.Count);

    /// <summary>The row to write; different rows may be written by different threads.</summary>
    internal Span<double> Claim(int row)
    {
        _has[row] = true;
        return _values.AsSpan(row * FeatureNames.Count, FeatureNames.Count);
    }

    /// <summary>The same rows in a table of its own.</summary>
    internal FeatureTable Copy() => Over(codes);

    /// <summary>These rows in a table of other codes; a code that is not here has no features there.</summary>
    internal FeatureTable Over(string[] others)
    {
        var table = new FeatureTable(others);
        for (var row = 0; row < others.Length; row++)
        {
            if (TryFind(others[row], out var mine))
            {
                this[mine].CopyTo(table.Claim(row));
            }
        }

        return table;
    }

    /// <summary>A header and a line per stock that has features; NaN is an empty field, numbers read back to the same bits.</summary>
    public void WriteCsv(TextWriter writer, DateOnly date)
    {
        writer.Write("bse_code,date," + string.Join(',', FeatureNames.All) + "\n");
        var line = new StringBuilder();
        for (var row = 0; row < codes.Length; row++)
        {
            if (!_has[row])
            {
                continue;
            }

            line.Clear().Append(codes[row]).Append(',').Append(date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
            foreach (var value in this[row])
            {
                line.Append(',');
                if (!double.IsNaN(value))
                {
                    line.Append(CultureInfo.InvariantCulture, $"{value:R}");
                }
            }

            writer.Write(line.Append('\n'));
        }
    }

    /// <summary>
    /// Little-endian: <c>FFT1</c>, day number, rows, columns (int32 each); per row the length of the code (byte), the code (UTF-8), the
    /// features (float64).
    /// </summary>
    public void WriteBinary(Stream stream, DateOnly date)
    {
        Span<byte> header = stackalloc byte[16];
        "FFT1"u8.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], date.DayNumber);
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], Computed);
        BinaryPrimitives.WriteInt32LittleEndian(header[12..], FeatureNames.Count);
        stream.Write(header);
        var bytes = new byte[FeatureNames.Count * sizeof(double)];
        for (var row = 0; row < codes.Length; row++)
        {
            if (!_has[row])
            {
                continue;
            }

            var code = Encoding.UTF8.GetBytes(codes[row]);
            stream.WriteByte(checked((byte)code.Length));
            stream.Write(code);
            for (var i = 0; i < FeatureNames.Count; i++)
            {
                BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(i * sizeof(double)), this[row][i]);
            }

            stream.Write(bytes);
        }
    }
}
