"""Who is calling, what their role allows, and the record of what they changed."""
