using System.Collections.Frozen;

namespace Fettle.Databases.Sql;

/// <summary>The words that structure a statement; a name equal to one of them is quoted when written.</summary>
internal static class SqlKeywords
{
    static readonly FrozenSet<string> Reserved = FrozenSet.ToFrozenSet(
        ("ALL ALTER ANALYZE AND ANY ARRAY AS ASC BEGIN BETWEEN BY CASE CAST CHECK COLLATE COLUMN COMMIT CONFLICT CONSTRAINT CREATE CROSS CURRENT_DATE "
        + "CURRENT_TIME CURRENT_TIMESTAMP DEFAULT DELETE DESC DISTINCT DO DROP ELSE END ESCAPE EXCEPT EXISTS EXPLAIN FALSE FETCH FILTER FIRST FOR FOREIGN "
        + "FROM FULL GLOB GROUP HAVING ILIKE IN INDEX INNER INSERT INTERSECT INTO IS ISNULL JOIN KEY LAST LATERAL LEFT LIKE LIMIT MATERIALIZED NATURAL NOT NOTHING NOTNULL "
        + "NULL NULLS OFFSET ON OR ORDER OUTER OVER PARTITION PRAGMA PRIMARY RECURSIVE REFERENCES REGEXP REINDEX REPLACE RETURNING RIGHT ROLLBACK ROW ROWS "
        + "SELECT SET SIMILAR SOME TABLE THEN TO TRANSACTION TRIGGER TRUE TRUNCATE UNION UNIQUE UPDATE USING VACUUM VALUES VIEW WHEN WHERE WINDOW WITH WITHOUT USER").Split(' '),
        StringComparer.OrdinalIgnoreCase);

    public static bool IsReserved(string word) => Reserved.Contains(word);

    /// <summary>The name as it must be written in a statement: quoted when it is not a plain lower-case name.</summary>
    public static string Quote(string name)
    {
        var plain = name.Length > 0 && (char.IsAsciiLetterLower(name[0]) || name[0] == '_') && !IsReserved(name);
        foreach (var c in name)
        {
            plain &= char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_';
        }

        return plain ? name : $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
