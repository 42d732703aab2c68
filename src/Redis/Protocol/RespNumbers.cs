using System.Buffers.Text;

namespace Fettle.Redis.Protocol;

/// <summary>Reads the numbers of the protocol; anything else is refused.</summary>
internal static class RespNumbers
{
    public static bool TryInt64(ReadOnlySpan<byte> text, out long value)
    {
        if (text.Length is > 0 and < 19 && text[0] != '-' && text[0] != '+')
        {
            // Eighteen digits cannot overflow, so the common case needs no checks but "is it a digit".
            value = 0;
            foreach (var c in text)
            {
                var digit = (uint)(c - '0');
                if (digit > 9)
                {
                    return false;
                }

                value = (value * 10) + digit;
            }

            return true;
        }

        return Utf8Parser.TryParse(text, out value, out var used) && used == text.Length && text.Length > 0;
    }

    public static bool TryDouble(ReadOnlySpan<byte> text, out double value)
    {
        if (Utf8Parser.TryParse(text, out value, out var used) && used == text.Length && used > 0)
        {
            return true;
        }

        value = text switch
        {
            _ when text.SequenceEqual("inf"u8) || text.SequenceEqual("+inf"u8) => double.PositiveInfinity,
            _ when text.SequenceEqual("-inf"u8) => double.NegativeInfinity,
            _ => double.NaN,
        };
        return !double.IsNaN(value) || text.SequenceEqual("nan"u8) || text.SequenceEqual("-nan"u8);
    }
}
