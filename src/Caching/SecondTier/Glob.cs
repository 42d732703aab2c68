namespace Fettle.Caching;

/// <summary>
/// Glob matching in at most pattern × text steps and no allocation: <c>*</c> any run, <c>?</c> one character, <c>\</c> escapes the next.
/// On a mismatch it returns to the last star only, so hostile patterns stay quadratic, never exponential.
/// </summary>
internal static class Glob
{
    public static bool IsMatch(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        int p = 0, t = 0, star = -1, resume = 0;
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                resume = t;
                continue;
            }

            if (p < pattern.Length)
            {
                var escaped = pattern[p] == '\\' && p + 1 < pattern.Length;
                if (escaped ? pattern[p + 1] == text[t] : pattern[p] == '?' || pattern[p] == text[t])
                {
                    p += escaped ? 2 : 1;
                    t++;
                    continue;
                }
            }

            if (star < 0)
            {
                return false;
            }

            p = star + 1;
            t = ++resume;
        }

        while (p < pattern.Length && pattern[p] == '*')
        {
            p++;
        }

        return p == pattern.Length;
    }
}
