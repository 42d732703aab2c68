using System.Globalization;
using Fettle.Shared.Verbs;

namespace Fettle.Cli.Models;

/// <summary>Reads numbers separated by commas, tabs or spaces, one row a line; an empty field, NA or nan is missing; one header line is skipped.</summary>
internal static class RowFile
{
    static readonly char[] Separators = [',', '\t', ';', ' '];

    public static (double[] Values, int Rows, int Width) Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new UserErrorException($"no file '{path}'");
        }

        var values = new List<double>();
        int rows = 0, width = 0, number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            var trimmed = line.Trim();
            if (trimmed.Length == 0)
            {
                continue;
            }

            var separator = Separators.FirstOrDefault(trimmed.Contains);
            var fields = separator == default ? [trimmed] : separator == ' ' ? trimmed.Split(' ', StringSplitOptions.RemoveEmptyEntries) : trimmed.Split(separator);
            var parsed = fields.Select(Parse).ToArray();
            if (parsed.Any(p => p is null))
            {
                if (rows == 0 && values.Count == 0 && width == 0)
                {
                    width = fields.Length;
                    continue;
                }

                throw new UserErrorException($"{path}: line {number}: a field is no number");
            }

            if (width != 0 && parsed.Length != width)
            {
                throw new UserErrorException($"{path}: line {number} has {parsed.Length} fields, the lines before {width}");
            }

            width = parsed.Length;
            values.AddRange(parsed.Select(p => p!.Value));
            rows++;
        }

        return rows > 0 ? ([.. values], rows, width) : throw new UserErrorException($"{path}: no rows");
    }

    static double? Parse(string field)
    {
        var text = field.Trim().Trim('"');
        return text is "" or "NA" or "nan" or "NaN" or "null" ? double.NaN
            : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value
            : null;
    }
}
