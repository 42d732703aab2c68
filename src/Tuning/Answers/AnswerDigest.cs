using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Fettle.Tuning.Answers;

/// <summary>
/// An answer as sixteen hexadecimal digits, so that a pipeline can compare answers of two builds without keeping them. Two answers that
/// <see cref="AnswerComparer"/> calls equal at tolerance 0 have one digest: members are sorted, numbers are written by value, noise is left out.
/// </summary>
internal static class AnswerDigest
{
    public static string Of(Answer answer, IReadOnlyCollection<string> noise)
    {
        var text = new StringBuilder().Append(answer.Status).Append('\n').Append(answer.ContentType.ToLowerInvariant()).Append('\n');
        var vary = answer.Vary.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Where(v => v != "accept-encoding");
        text.AppendJoin(',', vary).Append('\n');
        try
        {
            if (!answer.ContentType.Contains("json", StringComparison.OrdinalIgnoreCase))
            {
                throw new JsonException();
            }

            using var document = JsonDocument.Parse(answer.Body);
            Write(document.RootElement, "", noise as ISet<string> ?? noise.ToHashSet(StringComparer.Ordinal), text);
        }
        catch (JsonException)
        {
            text.Append(noise.Contains("body") ? "" : Convert.ToHexString(SHA256.HashData(answer.Body)));
        }

        return Short(text.ToString());
    }

    public static string Short(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8));

    static void Write(JsonElement value, string pattern, ISet<string> noise, StringBuilder text)
    {
        if (noise.Contains(pattern is "" ? "/" : pattern))
        {
            text.Append('~');
            return;
        }

        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                text.Append('{');
                foreach (var member in value.EnumerateObject().OrderBy(m => m.Name, StringComparer.Ordinal))
                {
                    var name = member.Name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
                    var inner = $"{pattern}/{(name.Length > 0 && name.All(char.IsAsciiDigit) ? "*" : name)}";
                    if (!noise.Contains(inner))
                    {
                        text.Append(name.Length).Append(':').Append(name);
                        Write(member.Value, inner, noise, text);
                    }
                }

                text.Append('}');
                break;
            case JsonValueKind.Array:
                text.Append('[');
                foreach (var item in value.EnumerateArray())
                {
                    Write(item, pattern + "/*", noise, text);
                    text.Append(',');
                }

                text.Append(']');
                break;
            case JsonValueKind.String:
                var s = value.GetString()!;
                text.Append('"').Append(s.Length).Append(':').Append(s);
                break;
            case JsonValueKind.Number:
                text.Append(Number(value));
                break;
            default:
                text.Append(value.GetRawText());
                break;
        }
    }

    /// <summary>1, 1.0 and 1e0 are one number. A decimal tells long integers apart; what it cannot hold is written as a double.</summary>
    static string Number(JsonElement value) => value.TryGetDecimal(out var exact) && (exact != 0 || value.GetDouble() == 0)
        ? (exact / 1.0000000000000000000000000000m).ToString("G29", CultureInfo.InvariantCulture)
        : value.GetDouble().ToString("R", CultureInfo.InvariantCulture);
}
