using System.Collections;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Fettle.Caching;

/// <summary>
/// One text for any inputs, different for different inputs: every part has its kind and its length before it, so that no two
/// sequences of inputs run together. What it cannot tell apart for certain it refuses.
/// </summary>
public static class CacheKey
{
    const int MaxDepth = 32;

    /// <summary>The key of a call: its name and all its inputs.</summary>
    /// <param name="name">What is called.</param>
    /// <param name="inputs">Null, text, booleans, numbers, dates, times, identifiers, enumerations, addresses, byte arrays, tuples and lists of these.</param>
    /// <exception cref="ArgumentException">An input is of another type: give the method a key of its own.</exception>
    public static string Of(string name, params ReadOnlySpan<object?> inputs)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var key = new StringBuilder(name, 64).Append('(');
        foreach (var input in inputs)
        {
            Append(key, input, 0);
        }

        return key.Append(')').ToString();
    }

    static void Append(StringBuilder key, object? input, int depth)
    {
        switch (input)
        {
            case null:
                key.Append("_;");
                break;
            case string text:
                Part(key, 's', text);
                break;
            case bool flag:
                key.Append(flag ? "b1;" : "b0;");
                break;
            case byte[] bytes:
                Part(key, 'x', Convert.ToHexString(bytes));
                break;
            case double number:
                // The bits: NaNs, and zero with either sign, are different inputs.
                Part(key, 'd', BitConverter.DoubleToInt64Bits(number).ToString("x", CultureInfo.InvariantCulture));
                break;
            case float number:
                Part(key, 'f', BitConverter.SingleToInt32Bits(number).ToString("x", CultureInfo.InvariantCulture));
                break;
            case DateTime time:
                Part(key, 't', string.Create(CultureInfo.InvariantCulture, $"{time.Ticks}{time.Kind}"));
                break;
            case DateTimeOffset time:
                Part(key, 'o', string.Create(CultureInfo.InvariantCulture, $"{time.Ticks}{time.Offset.Ticks}"));
                break;
            case Enum value:
                Part(key, 'e', $"{value.GetType().FullName}.{value:D}");
                break;
            case Uri address:
                Part(key, 'u', address.OriginalString);
                break;
            case char or sbyte or byte or short or ushort or int or uint or long or ulong or Int128 or UInt128 or Half or decimal
                or System.Numerics.BigInteger or Guid or DateOnly or TimeOnly or TimeSpan:
                Part(key, 'n', input.GetType().Name + Convert.ToString(Exact(input), CultureInfo.InvariantCulture));
                break;
            case ITuple tuple when depth < MaxDepth && tuple.GetType().Namespace == nameof(System):
                key.Append('(');
                for (var i = 0; i < tuple.Length; i++)
                {
                    Append(key, tuple[i], depth + 1);
                }

                key.Append(')');
                break;
            case IList list when depth < MaxDepth:
                key.Append('[');
                foreach (var item in list)
                {
                    Append(key, item, depth + 1);
                }

                key.Append(']');
                break;
            default:
                Throw.NoKey(input.GetType());
                break;
        }
    }

    /// <summary>Text that names every tick.</summary>
    static object Exact(object input) => input switch
    {
        TimeOnly time => time.Ticks,
        TimeSpan span => span.Ticks,
        DateOnly date => date.DayNumber,
        Half half => (double)half,
        _ => input,
    };

    static void Part(StringBuilder key, char kind, string text) =>
        key.Append(kind).Append(CultureInfo.InvariantCulture, $"{text.Length}").Append(':').Append(text).Append(';');
}
