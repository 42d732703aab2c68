using System.Text;

namespace Fettle.LoadTesting.Scenarios;

/// <summary>Comma-separated values (RFC 4180): quoted fields, doubled quotes, line breaks within quotes.</summary>
static class CsvText
{
    public static List<string[]> Parse(string text)
    {
        var rows = new List<string[]>();
        var row = new List<string>();
        var field = new StringBuilder();
        var quoted = false;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (quoted)
            {
                if (c != '"')
                {
                    field.Append(c);
                }
                else if (i + 1 < text.Length && text[i + 1] == '"')
                {
                    field.Append('"');
                    i++;
                }
                else
                {
                    quoted = false;
                }
            }
            else if (c == '"')
            {
                quoted = true;
            }
            else if (c is ',' or '\n')
            {
                row.Add(field.ToString().TrimEnd('\r'));
                field.Clear();
                if (c == '\n')
                {
                    Close();
                }
            }
            else
            {
                field.Append(c);
            }
        }

        if (field.Length > 0 || row.Count > 0)
        {
            row.Add(field.ToString());
            Close();
        }

        return rows;

        void Close()
        {
            if (row is not [""])
            {
                rows.Add([.. row]);
            }

            row.Clear();
        }
    }

    public static string Escape(string field) => field.AsSpan().ContainsAny("\",\n\r") ? $"\"{field.Replace("\"", "\"\"")}\"" : field;
}
